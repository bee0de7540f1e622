//! Every link from one file of the project to another has a target.

use std::{
    collections::HashSet,
    fs,
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

#[test]
fn links_between_documents_resolve() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let documents = documents(root);
    for known in ["README.md", "fuzz/README.md"] {
        assert!(documents.contains(&root.join(known)), "{known} is not checked");
    }
    let faults: Vec<String> = documents.iter().flat_map(|document| faults(root, document)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn broken_links_are_found() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("links");
    fs::create_dir_all(root.join("docs")).unwrap();
    fs::write(root.join("docs/b.md"), "# A `b`, and *c*\n\n# Twice\n\n# Twice\n\n[up](../a.md)").unwrap();
    let good = "[1](docs/b.md#a-b-and-c) [2](docs/b.md#twice-1) [3](#here) <img src=\"docs/b.md\"> [docs]\n\n\
                # Here\n\n[docs]: docs\n";
    let bad = "[1](docs/c.md) [2](docs/b.md#a-c) [3](#there) ![4](d.png) [5](../..) [6](/etc)\n\n\
               <source srcset=\"e.svg\">\n";
    fs::write(root.join("a.md"), format!("{good}{bad}")).unwrap();

    assert_eq!(documents(&root).len(), 2);
    assert_eq!(faults(&root, &root.join("docs/b.md")), Vec::<String>::new());
    let faults = faults(&root, &root.join("a.md"));
    let targets: Vec<&str> = faults.iter().filter_map(|fault| fault.rsplit(' ').next()).collect();
    assert_eq!(targets, ["docs/c.md", "docs/b.md#a-c", "#there", "d.png", "../..", "/etc", "e.svg"]);
}

/// The Markdown files of the project.
fn documents(directory: &Path) -> Vec<PathBuf> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = entry.file_name();
        let is_skipped =
            ["target", ".git", "corpus", "artifacts", "node_modules"].iter().any(|skipped| name == *skipped);
        // Symbolic links are not followed: their targets are checked in their place.
        if entry.file_type().unwrap().is_dir() && !is_skipped {
            documents.extend(self::documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    documents
}

/// The broken links of one document.
fn faults(root: &Path, document: &Path) -> Vec<String> {
    let text = fs::read_to_string(document).unwrap();
    let directory = document.parent().unwrap();
    let is_broken = |link: &&String| {
        let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { document.to_owned() } else { directory.join(path) };
        !stays_within(root, &target)
            || !target.exists()
            || (!fragment.is_empty() && !headings(&target).contains(fragment))
    };
    let links = links(&text);
    let broken = links.iter().filter(|link| !is_elsewhere(link)).filter(is_broken);
    broken.map(|link| format!("{}: {link}", document.display())).collect()
}

fn is_elsewhere(link: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

fn stays_within(root: &Path, target: &Path) -> bool {
    let Ok(below) = target.strip_prefix(root) else { return false };
    let mut depth = 0;
    below.components().all(|component| {
        depth += if component == Component::ParentDir { -1 } else { 1 };
        depth >= 0
    })
}

/// The targets of the links and pictures of a document, as written.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.into_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let mut parts = html.split('"');
                while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
                    if ["src=", "srcset=", "href="].iter().any(|name| before.ends_with(name)) {
                        links.push(value.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    links
}

/// The anchors of the headings of a document.
fn headings(document: &Path) -> HashSet<String> {
    let text = fs::read_to_string(document).unwrap_or_default();
    let mut headings = HashSet::new();
    let mut title: Option<String> = None;
    for event in Parser::new_ext(&text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match (event, &mut title) {
            (Event::Start(Tag::Heading { .. }), _) => title = Some(String::new()),
            (Event::End(TagEnd::Heading(_)), title) => {
                let name = name(&title.take().unwrap_or_default());
                let numbered = (1..).map(|n| format!("{name}-{n}"));
                let mut names = std::iter::once(name.clone()).chain(numbered);
                headings.extend(names.find(|name| !headings.contains(name)));
            }
            (Event::Text(part) | Event::Code(part), Some(title)) => title.push_str(&part),
            _ => {}
        }
    }
    headings
}

/// The anchor of a heading, as code hosts generate it: lower case, dashes for spaces, no punctuation.
fn name(title: &str) -> String {
    let kept = title.chars().filter(|&char| char.is_alphanumeric() || [' ', '-', '_'].contains(&char));
    kept.flat_map(char::to_lowercase).map(|char| if char == ' ' { '-' } else { char }).collect()
}

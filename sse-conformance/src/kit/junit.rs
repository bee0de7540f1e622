//! A report in the XML of JUnit for CI systems, with a test suite for each category.

use std::io;

use quick_xml::{Writer, events::BytesText};

use super::report::{Finding, Outcome, Report, printable};

/// The text of the file.
pub(super) fn write(report: &Report) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let count = report.count();
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", &*format!("{}: {}", report.suite, printable(&report.subject))),
            ("tests", &*count.all().to_string()),
            ("failures", &*count.failed.to_string()),
        ])
        .write_inner_content(|writer| {
            for (category, count) in report.categories() {
                writer
                    .create_element("testsuite")
                    .with_attributes([
                        ("name", category),
                        ("tests", &*count.all().to_string()),
                        ("failures", &*count.failed.to_string()),
                        ("skipped", &*count.skipped.to_string()),
                    ])
                    .write_inner_content(|writer| {
                        let of_category = |finding: &&Finding| finding.category == category;
                        report
                            .findings
                            .iter()
                            .filter(of_category)
                            .try_for_each(|finding| case(writer, report, finding))
                    })?;
            }
            Ok(())
        })?;
    Ok(writer.into_inner())
}

fn case(writer: &mut Writer<Vec<u8>>, report: &Report, finding: &Finding) -> io::Result<()> {
    let class = format!("{}.{}", report.suite, finding.category);
    let element =
        writer.create_element("testcase").with_attributes([("name", &*finding.name), ("classname", &*class)]);
    let (tag, reason) = match &finding.outcome {
        Outcome::Passed => return element.write_empty().map(drop),
        Outcome::Failed(reason) => ("failure", reason),
        Outcome::Skipped(reason) => ("skipped", reason),
    };
    // XML cannot represent most control characters. The reason may have several lines.
    let reason: Vec<String> = reason.lines().map(printable).collect();
    element
        .write_inner_content(|writer| {
            writer
                .create_element(tag)
                .with_attribute(("message", &*finding.what))
                .write_text_content(BytesText::new(&reason.join("\n")))
                .map(drop)
        })
        .map(drop)
}

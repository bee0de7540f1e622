//! A browser without a window.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::PathBuf,
    process::{self, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::kit::program;

/// A browser with a separate profile.
pub(super) struct Browser {
    child: Child,
    profile: PathBuf,
    /// The last line of its standard error.
    words: JoinHandle<String>,
}

impl Browser {
    pub(super) fn start(browser: &OsString, url: &str) -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = env::temp_dir().join(format!("sse-conformance-{}-{number}", process::id()));
        fs::create_dir_all(&profile).map_err(|error| format!("{}: {error}", profile.display()))?;
        let mut command = Command::new(browser);
        if browser.to_string_lossy().contains("firefox") {
            // A new profile shows a welcome page first, and the home directory may not be writable.
            let settings = "user_pref(\"browser.aboutwelcome.enabled\", false);\n\
                            user_pref(\"datareporting.policy.dataSubmissionEnabled\", false);\n";
            let write = || -> io::Result<()> { fs::write(profile.join("user.js"), settings) };
            write().map_err(|error| format!("{}: {error}", profile.display()))?;
            command.arg("--headless").arg("--no-remote").arg("--profile").arg(&profile).arg(url);
            command.env("HOME", &profile);
        } else {
            command.arg(format!("--user-data-dir={}", profile.display())).args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ]);
            command.arg(url);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child =
            command.spawn().map_err(|error| format!("cannot run {}: {error}", browser.display()))?;
        let words = tokio::spawn(last_line(child.stderr.take()));
        Ok(Self { child, profile, words })
    }

    /// Waits until it has failed. A browser that exits with success may have passed the page to another process.
    pub(super) async fn failed(&mut self) {
        if self.child.wait().await.is_ok_and(|status| status.success()) {
            std::future::pending::<()>().await;
        }
    }

    /// Stops it. Returns the last line of its standard error.
    pub(super) async fn end(&mut self) -> String {
        program::kill(&mut self.child).await;
        let words = timeout(Duration::from_secs(1), &mut self.words).await;
        words.ok().and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.profile);
    }
}

async fn last_line(output: Option<impl AsyncRead + Unpin>) -> String {
    let mut last = String::new();
    if let Some(output) = output {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            last = line;
        }
    }
    last
}

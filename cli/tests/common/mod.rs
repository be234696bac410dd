//! Running the command and looking at what it did.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// A finished run of the command.
pub(crate) struct Run(Output);

/// Runs the command with nothing on standard input.
pub(crate) fn bimetal(args: &[&str]) -> Run {
    bimetal_with_input(args, &[])
}

/// Runs the command with these bytes on standard input.
pub(crate) fn bimetal_with_input(args: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bimetal"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // The command may end without reading its input.
    let _written = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    Run(child.wait_with_output().expect("the command ends"))
}

impl Run {
    /// Standard error as text.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Standard output as text.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// The exit code.
    pub(crate) fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// The run ended with this code, said all of `words` on standard error and
    /// wrote nothing to standard output.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code(), Some(code), "{}", self.stderr());
        self.fails_with_any_code(words);
    }

    /// As [`Run::fails`], whatever the code.
    #[track_caller]
    pub(crate) fn fails_with_any_code(&self, words: &[&str]) {
        let stderr = self.stderr();
        assert_ne!(self.code(), Some(0), "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "`{word}` is not in: {stderr}");
        }
        assert_eq!(self.stdout(), "", "standard output belongs to the guest");
    }

    /// The run succeeded and wrote this to standard output.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) {
        assert_eq!(self.code(), Some(0), "{}", self.stderr());
        assert_eq!(self.stdout(), text);
    }
}

/// A module's text in a file that goes with the value.
pub(crate) struct Wat(tempfile::NamedTempFile);

/// Writes a module's text to a file.
pub(crate) fn wat(text: &str) -> Wat {
    let mut file = tempfile::Builder::new().suffix(".wat").tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("a writable file");
    Wat(file)
}

impl Wat {
    /// The file's path.
    pub(crate) fn path_str(&self) -> &str {
        self.0.path().to_str().expect("a UTF-8 path")
    }
}

//! `oncebus material watch`: what happens is shown as it does, and goes on from the cursor's file.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Stdio},
};

use serde_json::Value;

use super::{Dev, oncebus};

const SUBJECT: &str = "project:2501-370800-04-01-000016";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

/// A watch that runs.
struct Watch {
    child: Child,
    shown: Lines<BufReader<ChildStdout>>,
    notes: Lines<BufReader<ChildStderr>>,
}

impl Watch {
    /// Starts one, and waits until it says that it watches.
    fn start(dev: &Dev, cursor: &Path) -> Self {
        let watched = format!("M23={SUBJECT}@mine");
        let mut child = oncebus()
            .args(["material", "watch", "--watch", &watched, "-o", "jsonl"])
            .args(["--purpose", PURPOSE, "--as", "planning", "--profile"])
            .arg(dev.profile())
            .arg("--cursor")
            .arg(cursor)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let shown = BufReader::new(child.stdout.take().unwrap()).lines();
        let notes = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut watch = Self { child, shown, notes };
        watch.is_watching();
        watch
    }

    fn is_watching(&mut self) {
        let watching = self.notes.any(|line| line.unwrap() == "watching 1 materials");
        assert!(watching, "it ended before it watched");
    }

    /// Waits for the next event: its reference, what happened, and the version.
    fn next(&mut self) -> [String; 3] {
        let row: Value = serde_json::from_str(&self.shown.next().unwrap().unwrap()).unwrap();
        assert!(!row.to_string().contains("2501-370800"), "{row}");
        ["reference", "kind", "version"].map(|field| row[field].as_str().unwrap().to_owned())
    }

    /// Ends it as ctrl-C does.
    fn interrupt(&mut self) -> Option<i32> {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Publishes a contract, and says which version that is.
fn publish(dev: &Dev, content: &str, replaces: &str) -> String {
    let file = dev.dir.path().join("contract.pdf");
    fs::write(&file, content).unwrap();
    let args = ["material", "publish", "--type", "M23", "--subject", SUBJECT, "--number", "C-77"];
    let file = ["--file", file.to_str().unwrap(), "--purpose", PURPOSE, "-o", "json"];
    let replaces = ["--replaces", replaces];
    let replaces = if replaces[1].is_empty() { &[][..] } else { &replaces };
    let published = dev.json("housing", &[&args[..], &file, replaces].concat());
    published["version"].as_str().unwrap().to_owned()
}

fn event(kind: &str, version: &str) -> [String; 3] {
    ["mine", kind, version].map(str::to_owned)
}

#[test]
fn a_watch_shows_what_happens_and_goes_on_from_its_cursor_and_through_a_restart() {
    let mut dev = Dev::start();
    let cursor = dev.dir.path().join("cursor.txt");
    let mut first = Watch::start(&dev, &cursor);

    let one = publish(&dev, "one", "");
    let shown = first.next();
    let ended = first.interrupt();
    let two = publish(&dev, "two", &one);
    let mut second = Watch::start(&dev, &cursor);
    let missed = [second.next(), second.next()];
    dev.restart();
    second.is_watching();
    let three = publish(&dev, "three", &two);
    let later = [second.next(), second.next()];

    assert_eq!(ended, Some(0));
    assert_eq!(shown, event("PUBLISHED", &one));
    assert_eq!(missed, [event("SUPERSEDED", &one), event("PUBLISHED", &two)]);
    assert_eq!(later, [event("SUPERSEDED", &two), event("PUBLISHED", &three)]);
}

#[test]
fn a_cursor_of_another_watch_is_refused_with_the_cure() {
    let dev = Dev::start();
    let cursor = dev.dir.path().join("cursor.txt");
    fs::write(&cursor, "AAAAAAAAAAAA\n").unwrap();

    let watched = format!("M23={SUBJECT}");
    let args = ["material", "watch", "--watch", &watched, "--purpose", PURPOSE, "--cursor"];
    let output = dev.command("planning", &[&args[..], &[cursor.to_str().unwrap()]].concat());
    let wrong = ["material", "watch", "--watch", "M23", "--purpose", PURPOSE];
    let wrong = dev.command("planning", &wrong);

    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("cursor is not one of yours") && said.contains("none to watch"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&cursor).unwrap(), "AAAAAAAAAAAA\n");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert!(said.contains("TYPE=SCHEME:VALUE[@REFERENCE]"), "{said}");
}

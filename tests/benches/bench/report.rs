//! What was measured.

use std::{fs, path::Path, time::Duration};

use serde::Serialize;

/// Figures, in the order they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Figure>);

/// One figure.
#[derive(Clone, Debug, Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// What it is compared with, in the same unit.
    against: Option<f64>,
    ratio: Option<f64>,
    /// What is aimed at: of the ratio where there is one, else of the value.
    target: Option<String>,
    met: Option<bool>,
}

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

// === impl Report ===

impl Report {
    /// Notes a figure that is not compared with anything.
    pub(crate) fn plain(&mut self, name: &str, value: f64, unit: &'static str) {
        self.add(name, value, unit, None, None);
    }

    /// Notes a figure with a target of its own.
    pub(crate) fn aimed(&mut self, name: &str, value: f64, unit: &'static str, target: Target) {
        self.add(name, value, unit, None, Some(target));
    }

    /// Notes a figure whose ratio to a baseline has a target.
    pub(crate) fn against(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        baseline: f64,
        target: Target,
    ) {
        self.add(name, value, unit, Some(baseline), Some(target));
    }

    /// Writes all figures as JSON.
    pub(crate) fn write(&self, file: &Path) {
        fs::write(file, serde_json::to_string_pretty(&self.0).unwrap()).unwrap();
        println!("{} figures in {}", self.0.len(), file.display());
    }

    fn add(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        against: Option<f64>,
        target: Option<Target>,
    ) {
        let ratio = against.map(|against| value / against);
        let met = target.map(|target| target.is_met(ratio.unwrap_or(value)));
        let target = target.map(|target| target.text());
        let figure = Figure { name: name.to_owned(), value, unit, against, ratio, target, met };
        figure.print();
        self.0.push(figure);
    }
}

// === impl Figure ===

impl Figure {
    fn print(&self) {
        let Self { name, value, unit, against, ratio, target, met } = self;
        let mut line = format!("{name:<46} {value:>12.2} {unit}");
        if let (Some(against), Some(ratio)) = (against, ratio) {
            line += &format!(", {ratio:.2} of {against:.2}");
        }
        if let (Some(target), Some(met)) = (target, met) {
            line += &format!("  [{target}: {}]", if *met { "met" } else { "MISSED" });
        }
        println!("{line}");
    }
}

// === impl Target ===

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => least <= value,
            Self::AtMost(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {least}"),
            Self::AtMost(most) => format!("at most {most}"),
        }
    }
}

/// Returns a percentile of some durations, in milliseconds.
pub(crate) fn percentile_ms(durations: &mut [Duration], percent: usize) -> f64 {
    durations.sort_unstable();
    let at = (durations.len() * percent / 100).min(durations.len() - 1);
    durations[at].as_secs_f64() * 1e3
}

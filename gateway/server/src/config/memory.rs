//! How much memory this process may use.

use std::fs;

/// What is counted with where neither container nor machine says anything.
const UNKNOWN: u64 = 1 << 30;

/// Returns the container's limit (control groups, version 2), or the machine's memory, in bytes.
pub(super) fn bytes() -> u64 {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let container = container(&read("/sys/fs/cgroup/memory.max"));
    let machine = machine(&read("/proc/meminfo"));
    container.into_iter().chain(machine).min().unwrap_or(UNKNOWN)
}

fn container(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Reads the line `MemTotal: N kB`.
fn machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_without_a_limit_has_the_machines_memory() {
        assert_eq!(container("max\n"), None);
        assert_eq!(container("536870912\n"), Some(536_870_912));
        assert_eq!(machine("MemTotal:       24599616 kB\nMemFree: 1 kB\n"), Some(25_190_006_784));
    }
}

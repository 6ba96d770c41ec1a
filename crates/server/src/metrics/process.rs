//! What the system says about this process, under the names every Prometheus client uses. Where the system
//! has no `/proc`, there is nothing to say.

use std::fs;

use base::Timestamp;

use super::text::{Kind, Page};

pub(super) fn show(page: &mut Page, started: Timestamp) {
    let name = "process_start_time_seconds";
    page.family(name, Kind::Gauge, "When the process started, in seconds since the epoch.");
    page.sample(name, &[], started.seconds());
    if let Some((seconds, bytes)) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| usage(&stat)) {
        let name = "process_cpu_seconds_total";
        page.family(name, Kind::Counter, "Processor time used, user and system.");
        page.sample(name, &[], seconds);
        let name = "process_resident_memory_bytes";
        page.family(name, Kind::Gauge, "Memory in use.");
        page.sample(name, &[], bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        page.family("process_open_fds", Kind::Gauge, "Open files and sockets.");
        page.sample("process_open_fds", &[], open.count());
    }
}

/// Processor seconds and resident bytes of a line of `/proc/PID/stat` (proc(5)).
fn usage(stat: &str) -> Option<(f64, u64)> {
    // The name of the program, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ticks = number(11)? + number(12)?;
    let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    Some((seconds, number(21)? * rustix::param::page_size() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_program_is_called() {
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 900 1000000 25 184467440 1";
        let (seconds, bytes) = usage(line).expect("fields");
        assert_eq!(seconds, 200.0 / rustix::param::clock_ticks_per_second() as f64);
        assert_eq!(bytes, 25 * rustix::param::page_size() as u64);
        assert_eq!(usage("7 (x) S 1"), None);
    }
}

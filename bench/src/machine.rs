//! What the operating system says of processes and of the machine, where it is Linux.
//!
//! Reads `/proc` and nothing else; everywhere else there is nothing to be said, which is `None`.

use std::{collections::BTreeMap, fs, thread, time::Duration};

/// The unit of `/proc/*/stat`, whatever the kernel's own clock: part of Linux's interface on all
/// machines that Rust's standard library runs on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpu {
    processes: BTreeMap<u32, Process>,
    /// Of all processes of the machine.
    all: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    /// Its own, and that of children that have ended.
    used: Duration,
}

impl Cpu {
    pub(crate) fn now() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = entries.filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((id, Process::parse(&stat)?))
        });
        let all = fs::read_to_string("/proc/stat").ok();
        Self { processes: processes.collect(), all: all.and_then(|stat| busy(&stat)) }
    }

    /// What a process and all its descendants have used, or `None` if it isn't there.
    pub(crate) fn of(&self, root: u32) -> Option<Duration> {
        let mut total = self.processes.get(&root)?.used;
        for (id, process) in &self.processes {
            if self.descends(*id, root) {
                total += process.used;
            }
        }
        Some(total)
    }

    /// What others than a process and its descendants have used since an earlier moment.
    pub(crate) fn of_others(&self, earlier: &Self, root: u32) -> Option<Duration> {
        let all = self.all?.checked_sub(earlier.all?)?;
        let own = self.of(root)?.saturating_sub(earlier.of(root)?);
        Some(all.saturating_sub(own))
    }

    fn descends(&self, id: u32, root: u32) -> bool {
        let parents = std::iter::successors(Some(id), |id| Some(self.processes.get(id)?.parent));
        // Numbers are used again, so that what was read of two processes may form a ring.
        parents.skip(1).take(self.processes.len()).any(|parent| parent == root)
    }
}

impl Process {
    /// Reads a line such as `17 (a name) S 4 ..`; the name may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok();
        let used = ticks(11)? + ticks(12)? + ticks(13)? + ticks(14)?;
        Some(Self { parent: ticks(1)?, used: TICK * used })
    }
}

/// What all processes have used, of the first line of `/proc/stat`.
fn busy(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Option<Vec<u64>> = line.split_whitespace().map(|it| it.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    let [user, nice, system, _, _, irq, softirq, ..] = *fields? else { return None };
    Some(Duration::from_millis(10 * (user + nice + system + irq + softirq)))
}

/// Resident memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    /// Since the process began, or since [`Memory::forget_highest`].
    pub(crate) highest: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
    }

    /// Lets the highest begin anew, where the system allows it.
    pub(crate) fn forget_highest(process: u32) {
        fs::write(format!("/proc/{process}/clear_refs"), "5").ok();
    }

    fn parse(status: &str) -> Option<Self> {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kibibytes * 1024)
        };
        Some(Self { now: bytes("VmRSS:")?, highest: bytes("VmHWM:")? })
    }
}

/// How many processors there are, of which kind, and of which system.
pub(crate) fn describe() -> String {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(String::new(), |(_, model)| format!(" ({})", model.trim()));
    let (system, kind) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{processors} processors{model}, {system} on {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_that_of_the_process_and_of_children_that_have_ended() {
        let stat = "17 (a ) b) S 4 17 17 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        let expected = Process { parent: 4, used: Duration::from_secs(1) };
        assert_eq!(Process::parse(stat), Some(expected));
        assert_eq!(Process::parse("17 (a) S 4"), None);
    }

    #[test]
    fn descendants_count_and_others_do_not() {
        let process = |parent, seconds| Process { parent, used: Duration::from_secs(seconds) };
        let processes = [(1, process(0, 100)), (5, process(1, 10)), (7, process(5, 2))];
        let cpu = Cpu { processes: processes.into(), all: Some(Duration::from_secs(112)) };
        assert_eq!(cpu.of(5), Some(Duration::from_secs(12)));
        assert_eq!(cpu.of(2), None);
        let ring = [(1, process(2, 1)), (2, process(1, 1)), (3, process(0, 5))];
        let cpu = Cpu { processes: ring.into(), all: None };
        assert_eq!(cpu.of(3), Some(Duration::from_secs(5)));
    }

    #[test]
    fn waiting_and_time_of_other_machines_are_not_work() {
        let stat = "cpu  100 0 50 9000 77 1 2 33 0 0\ncpu0 1 2 3\n";
        assert_eq!(busy(stat), Some(Duration::from_millis(1530)));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        let expected = Memory { now: 1_048_576, highest: 2_097_152 };
        assert_eq!(Memory::parse(status), Some(expected));
    }
}

//! `RESULTS.md`: its sections, each written by a program of its own, and how the
//! time of what stands there is taken.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::root;

/// Replaces the section with this heading, or adds it.
///
/// # Errors
/// If the file cannot be read or written.
pub fn replace_section(heading: &str, text: &str) -> std::io::Result<()> {
    let path = root().join("benches/RESULTS.md");
    let page = std::fs::read_to_string(&path)?;
    std::fs::write(path, replaced(&page, heading, text))
}

/// The page with this section in place of the one of the same heading.
fn replaced(page: &str, heading: &str, text: &str) -> String {
    let mut sections: Vec<&str> = Vec::new();
    let mut rest = page;
    // A section ends where a line begins with the next heading of the first level.
    while let Some(end) = rest.find("\n# ") {
        sections.push(&rest[..=end]);
        rest = &rest[end + 1..];
    }
    sections.push(rest);
    let title = format!("# {heading}\n");
    let new = format!("{title}\n{}\n", text.trim_end());
    match sections.iter_mut().find(|section| section.starts_with(&title)) {
        Some(old) => *old = &new,
        None => sections.push(&new),
    }
    let sections: Vec<&str> = sections.iter().map(|section| section.trim_end()).collect();
    sections.join("\n\n") + "\n"
}

/// What this thread has taken of the processor so far, whoever else is busy.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The processor, the number of cores and the system.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    format!("{name}, {cores} cores, {}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let page = "# A\n\nold\n\n## part\n\n# B\n\nkept\n";
        assert_eq!(replaced(page, "A", "new\n"), "# A\n\nnew\n\n# B\n\nkept\n");
        assert_eq!(replaced(page, "B", "new"), "# A\n\nold\n\n## part\n\n# B\n\nnew\n");
        assert_eq!(replaced("# A\n\ntext\n", "B", "new"), "# A\n\ntext\n\n# B\n\nnew\n");
    }
}

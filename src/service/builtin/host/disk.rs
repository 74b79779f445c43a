//! Mounted file systems and how full they are: the rows and figures of `df -kP`.
//!
//! Without images that are full by nature (squashfs, iso9660, erofs).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::facts::slurp;
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::{broke, optional, wrong};
use crate::service::builtin::registry::{Answer, Params};
use crate::service::reading::Told;

const IMAGES: [&str; 3] = ["squashfs", "iso9660", "erofs"];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mount {
    device: String,
    root: String,
    point: String,
    kind: String,
    source: String,
}

pub fn disk_usage(params: &Params) -> Answer {
    let mounts = visible(parse(&slurp("/proc/self/mountinfo")?));
    let chosen: Vec<Mount> = match optional(params, "path") {
        Some(path) => vec![holder(mounts, &path)?],
        None => mounts.into_iter().filter(|mount| !IMAGES.contains(&mount.kind.as_str())).collect(),
    };
    let filesystems: Vec<Value> = chosen.iter().filter_map(usage).collect();
    Ok(json!({ "filesystems": filesystems }))
}

fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mount).collect()
}

/// `36 35 98:0 /root /mnt/point rw,noatime master:1 - ext4 /dev/sda1 rw`
fn mount(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(2);
    let (device, root, point) = (left.next()?, left.next()?, left.next()?);
    let mut right = right.split(' ');
    let (kind, source) = (right.next()?, right.next()?);
    Some(Mount { device: device.to_owned(), root: unescape(root), point: unescape(point), kind: kind.to_owned(), source: unescape(source) })
}

/// Blanks and backslashes stand as octal numbers.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'\\')
            .then(|| std::str::from_utf8(tail.get(..3)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is mounted over is hidden; of one device mounted several times the widest mount stays, as in `df`.
fn visible(mounts: Vec<Mount>) -> Vec<Mount> {
    let mut by_point: BTreeMap<String, Mount> = BTreeMap::new();
    for mount in mounts {
        by_point.insert(mount.point.clone(), mount);
    }
    let mut by_device: BTreeMap<String, Mount> = BTreeMap::new();
    for mount in by_point.into_values() {
        let narrower = |known: &Mount| (known.root.len(), known.point.len()) <= (mount.root.len(), mount.point.len());
        if !by_device.get(&mount.device).is_some_and(narrower) {
            by_device.insert(mount.device.clone(), mount);
        }
    }
    let mut kept: Vec<Mount> = by_device.into_values().collect();
    kept.sort_by(|one, two| one.point.cmp(&two.point));
    kept
}

fn holder(mounts: Vec<Mount>, path: &str) -> Result<Mount, Failure> {
    let real = std::fs::canonicalize(path).map_err(|error| wrong(format!("look at {path}: {error}")))?;
    let found = mounts.into_iter().filter(|mount| real.starts_with(&mount.point)).max_by_key(|mount| mount.point.len());
    found.ok_or_else(|| broke(FailureClass::Resource, format!("no file system holds {path}")))
}

/// `None` for those without blocks, which `df` leaves out as well.
fn usage(mount: &Mount) -> Option<Value> {
    let stat = rustix::fs::statvfs(&mount.point).ok()?;
    let kib = |blocks: u64| u64::try_from(u128::from(blocks) * u128::from(stat.f_frsize) / 1024).unwrap_or(u64::MAX);
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    let blocks =
        Blocks { all: kib(stat.f_blocks), used: kib(used), free: kib(stat.f_bavail), percent: percent(used, used + stat.f_bavail) };
    (blocks.all > 0).then(|| row(mount, &blocks, percent(stat.f_files.saturating_sub(stat.f_ffree), stat.f_files)))
}

/// In KiB.
struct Blocks {
    all: u64,
    used: u64,
    free: u64,
    percent: u64,
}

fn row(mount: &Mount, blocks: &Blocks, inodes: u64) -> Value {
    json!({
        "mount": mount.point,
        "fstype": mount.kind,
        "source": mount.source,
        "size_kib": blocks.all,
        "used_kib": blocks.used,
        "avail_kib": blocks.free,
        "used_percent": blocks.percent,
        "inodes_used_percent": inodes,
    })
}

/// Of another machine: what its `df` says of the file systems that it mounts.
pub fn told(host: &Told<'_>) -> Answer {
    let blocks: Vec<(&str, &str, [u64; 3])> = host.part("blocks")?.lines().filter_map(df).collect();
    let inodes: Vec<(&str, &str, [u64; 3])> = host.part("inodes")?.lines().filter_map(df).collect();
    let mounts = parse(host.part("mounts")?);
    let shown = visible(mounts.clone());
    // Of a named path its file system counts, whatever kind it is.
    let named = host.part("named").is_ok();
    let is_shown = |point: &str| {
        let of = shown.iter().find(|mount| mount.point == point);
        named || mounts.is_empty() || of.is_some_and(|mount| !IMAGES.contains(&mount.kind.as_str()))
    };
    let row = |(source, point, [all, used, free]): &(&str, &str, [u64; 3])| {
        let kind = mounts.iter().rfind(|mount| mount.point == *point).map_or("unknown", |mount| &mount.kind);
        let mount = Mount { point: (*point).to_owned(), kind: kind.to_owned(), source: (*source).to_owned(), ..Mount::default() };
        let nodes = inodes.iter().find(|(_, at, _)| at == point).map_or(0, |(_, _, [all, used, _])| percent(*used, *all));
        self::row(&mount, &Blocks { all: *all, used: *used, free: *free, percent: percent(*used, used + free) }, nodes)
    };
    let mut filesystems: Vec<_> = blocks.iter().filter(|(_, point, [all, ..])| *all > 0 && is_shown(point)).collect();
    filesystems.sort_by_key(|(_, point, _)| *point);
    filesystems.dedup_by_key(|(_, point, _)| *point);
    if filesystems.is_empty() {
        return Err(broke(FailureClass::Resource, "read the file systems: its df names none"));
    }
    Ok(json!({ "filesystems": filesystems.into_iter().map(row).collect::<Vec<_>>() }))
}

/// `/dev/sda1  1024  512  512  50% /mnt/with blanks`: source, mount point, whole, used, free.
fn df(line: &str) -> Option<(&str, &str, [u64; 3])> {
    let is_share = |word: &str| word == "-" || word.strip_suffix('%').is_some_and(|number| number.parse::<u64>().is_ok());
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let at = (4..words.len()).find(|at| is_share(words[*at]) && words[at - 3..*at].iter().all(|word| word.parse::<u64>().is_ok()))?;
    let place = |word: &str| word.as_ptr().addr() - line.as_ptr().addr();
    let number = |at: usize| words[at].parse().ok();
    let (source, rest) = (line[..place(words[at - 3])].trim_end(), &line[place(words[at]) + words[at].len()..]);
    Some((source, rest.trim_start(), [number(at - 3)?, number(at - 2)?, number(at - 1)?]))
}

/// Rounded up as `df` does, so that full is full.
fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 { 0 } else { u64::try_from((u128::from(part) * 100).div_ceil(u128::from(whole))).unwrap_or(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_on_top_and_the_widest_of_a_device_count() {
        let text = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
                    2 1 8:1 /srv /mnt/bind\\040x rw - ext4 /dev/sda1 rw\n\
                    3 1 8:2 / /data rw - ext4 /dev/sdb1 rw\n\
                    4 1 8:3 / /data rw shared:1 - xfs /dev/sdc1 rw\n";
        let mounts = parse(text);
        assert_eq!(mounts[1].point, "/mnt/bind x");
        let points: Vec<_> = visible(mounts).into_iter().map(|mount| (mount.point, mount.kind)).collect();
        assert_eq!(points, [("/".to_owned(), "ext4".to_owned()), ("/data".to_owned(), "xfs".to_owned())]);
    }

    #[test]
    fn lines_of_df_are_read_whatever_blanks_they_have() {
        for (line, read) in [
            ("Filesystem 1024-blocks Used Available Capacity Mounted on", None),
            ("/dev/sda1 100 40 60 40% /", Some(("/dev/sda1", "/", [100, 40, 60]))),
            ("my share 100 40 60 40% /mnt/a  b", Some(("my share", "/mnt/a  b", [100, 40, 60]))),
            ("tmpfs 7 7 0 100% /run 3 4 5 6% x", Some(("tmpfs", "/run 3 4 5 6% x", [7, 7, 0]))),
            ("overlay 0 0 0 - /x", Some(("overlay", "/x", [0, 0, 0]))),
        ] {
            assert_eq!(df(line), read, "{line}");
        }
    }

    #[test]
    fn full_is_never_rounded_away() {
        assert_eq!([percent(999, 1000), percent(1, 1000), percent(0, 10), percent(1, 0)], [100, 1, 0, 0]);
    }
}

//! Path resolution in an in-memory file system, confined to the directory it starts
//! from: `..` above it, an absolute path and a link to one are [`Errno::Perm`].

use super::tree::{Body, Ino, Tree};
use crate::errno::Errno;

/// How many symbolic links one resolution follows.
const MAX_LINKS: u32 = 40;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The directory and name of the last component; none if the path ends at the
    /// start itself, in `.` or in `..`.
    pub(super) entry: Option<(Ino, String)>,
    /// The node there, if there is one.
    pub(super) node: Option<Ino>,
    /// Whether the path insists on a directory: it ends in a slash.
    pub(super) slash: bool,
}

impl Place {
    /// The node, which must exist and be a directory if the path ends in a slash.
    pub(super) fn existing(&self, tree: &Tree) -> Result<Ino, Errno> {
        let ino = self.node.ok_or(Errno::Noent)?;
        if self.slash && !tree.is_dir(ino) {
            return Err(Errno::Notdir);
        }
        Ok(ino)
    }
}

/// One component still to be walked.
struct Step {
    name: String,
    /// Whether a slash follows it.
    slash: bool,
}

/// The components of `path`, last first.
fn steps(path: &str, slash_after: bool) -> Result<Vec<Step>, Errno> {
    if path.is_empty() {
        return Err(Errno::Noent);
    }
    if path.starts_with('/') {
        return Err(Errno::Perm);
    }
    if path.contains('\0') {
        return Err(Errno::Inval);
    }
    let mut steps = Vec::new();
    let mut slash = slash_after;
    for name in path.rsplit('/') {
        if !name.is_empty() {
            steps.push(Step { name: name.to_owned(), slash });
        }
        slash = true;
    }
    Ok(steps)
}

/// Walks `path` from the directory `base`.
pub(super) fn resolve(tree: &Tree, base: Ino, path: &str, follow: bool) -> Result<Place, Errno> {
    let mut pending = steps(path, false)?;
    let mut trail = vec![base];
    let mut links = 0;
    let mut place = Place { entry: None, node: Some(base), slash: false };
    while let Some(step) = pending.pop() {
        let current = *trail.last().ok_or(Errno::Perm)?;
        if !tree.is_dir(current) {
            return Err(Errno::Notdir);
        }
        let last = pending.is_empty();
        match step.name.as_str() {
            "." => place = Place { entry: None, node: Some(current), slash: step.slash },
            ".." => {
                trail.pop();
                let parent = *trail.last().ok_or(Errno::Perm)?;
                place = Place { entry: None, node: Some(parent), slash: step.slash };
            }
            name => {
                let node = tree.entries(current)?.get(name).copied();
                let target = match node.map(|ino| tree.body(ino)).transpose()? {
                    Some(Body::Symlink(target)) if !last || follow || step.slash => Some(target),
                    _ => None,
                };
                if let Some(target) = target {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::Loop);
                    }
                    pending.extend(steps(target, step.slash)?);
                    continue;
                }
                if !last {
                    trail.push(node.ok_or(Errno::Noent)?);
                }
                place = Place { entry: Some((current, step.name)), node, slash: step.slash };
            }
        }
    }
    Ok(place)
}

/// Walks `path` for a function that works on the entry itself: a link in the last
/// component is not followed even before a slash.
pub(super) fn resolve_entry(tree: &Tree, base: Ino, path: &str) -> Result<Place, Errno> {
    let name = path.trim_end_matches('/');
    let mut place = resolve(tree, base, if name.is_empty() { path } else { name }, false)?;
    place.slash |= name.len() < path.len();
    Ok(place)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tree::ROOT;
    use super::*;

    /// `dir/`, `dir/file`, and links to both, out, and in circles.
    fn tree() -> (Tree, Ino, Ino) {
        let mut tree = Tree::new(1 << 20);
        let dir = tree.create(ROOT, "dir", Body::Dir(BTreeMap::new())).unwrap();
        let file = tree.create(dir, "file", Body::File(Vec::new())).unwrap();
        for (name, target) in [
            ("to_dir", "dir"),
            ("to_file", "to_dir/file"),
            ("up", "../secret"),
            ("root", "/etc"),
            ("loop", "loop"),
            ("slashed", "dir/file/"),
        ] {
            tree.create(ROOT, name, Body::Symlink(target.into())).unwrap();
        }
        (tree, dir, file)
    }

    fn find(tree: &Tree, base: Ino, path: &str) -> Result<Ino, Errno> {
        resolve(tree, base, path, true)?.existing(tree)
    }

    #[test]
    fn paths_inside_lead_where_they_say() {
        let (tree, dir, file) = tree();
        for path in ["dir/file", "./dir/./file", "dir/../dir//file", "to_dir/file", "to_file"] {
            assert_eq!(find(&tree, ROOT, path), Ok(file), "{path}");
        }
        for path in ["dir", "dir/", "dir///", "dir/.", "to_dir", "to_dir/"] {
            assert_eq!(find(&tree, ROOT, path), Ok(dir), "{path}");
        }
        assert_eq!(find(&tree, ROOT, "dir/.."), Ok(ROOT));
    }

    #[test]
    fn no_path_leads_out() {
        let (tree, dir, _) = tree();
        for path in ["..", "../dir", "dir/../../dir", "/", "/dir", "up", "root", "root/x"] {
            assert_eq!(find(&tree, ROOT, path), Err(Errno::Perm), "{path}");
        }
        assert_eq!(find(&tree, dir, "../dir/file"), Err(Errno::Perm));
    }

    #[test]
    fn loops_slashes_and_strange_names_get_their_errors() {
        let (tree, _, _) = tree();
        assert_eq!(find(&tree, ROOT, "loop"), Err(Errno::Loop));
        assert_eq!(find(&tree, ROOT, "dir/file/"), Err(Errno::Notdir));
        assert_eq!(find(&tree, ROOT, "slashed"), Err(Errno::Notdir));
        assert_eq!(find(&tree, ROOT, "dir/file/x"), Err(Errno::Notdir));
        assert_eq!(find(&tree, ROOT, "missing/x"), Err(Errno::Noent));
        assert_eq!(find(&tree, ROOT, ""), Err(Errno::Noent));
        assert_eq!(find(&tree, ROOT, "dir\0"), Err(Errno::Inval));
    }

    #[test]
    fn the_last_link_is_followed_only_on_request_or_before_a_slash() {
        let (tree, dir, _) = tree();
        let link = resolve(&tree, ROOT, "to_dir", false).unwrap().node.unwrap();
        assert_ne!(link, dir);
        assert_eq!(resolve(&tree, ROOT, "to_dir/", false).unwrap().node, Some(dir));
    }
}

//! An open directory of an in-memory file system.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::VirtualFile;
use super::resolve::{Place, resolve, resolve_entry};
use super::tree::{Body, Ino, ROOT, Shared, Tree, lock};
use crate::dir::{OpenHow, Opened, WasiDir};
use crate::errno::Errno;
use crate::flags::OFlags;
use crate::types::{Dirent, Filestat, SetTime};

/// A descriptor's view of a directory.
pub(super) struct VirtualHandle {
    tree: Shared,
    ino: Ino,
}

impl VirtualHandle {
    /// The root, which is always there.
    pub(super) fn root(tree: &Shared) -> Self {
        Self { tree: tree.clone(), ino: ROOT }
    }

    pub(super) fn open(tree: &Shared, ino: Ino) -> Result<Self, Errno> {
        lock(tree).hold(ino)?;
        Ok(Self { tree: tree.clone(), ino })
    }

    /// The handle behind `dir` if it is of the same file system.
    fn same_tree<'a>(&self, dir: &'a dyn WasiDir) -> Result<&'a Self, Errno> {
        (dir as &dyn Any)
            .downcast_ref::<Self>()
            .filter(|other| Arc::ptr_eq(&self.tree, &other.tree))
            .ok_or(Errno::Xdev)
    }
}

/// Where a link would go, as far as the path itself says. What exists there is looked
/// at later, as the system does.
fn new_place(tree: &Tree, base: Ino, path: &str) -> Result<Place, Errno> {
    let place = resolve(tree, base, path, false)?;
    if place.slash {
        place.existing(tree)?;
    }
    Ok(place)
}

/// The directory and name of a place where nothing is.
fn vacant(place: Place) -> Result<(Ino, String), Errno> {
    match (place.node, place.entry) {
        (None, Some(entry)) => Ok(entry),
        _ => Err(Errno::Exist),
    }
}

impl Drop for VirtualHandle {
    fn drop(&mut self) {
        lock(&self.tree).let_go(self.ino);
    }
}

impl WasiDir for VirtualHandle {
    fn open(&self, path: &str, how: OpenHow) -> Result<Opened, Errno> {
        let ino = find_or_create(&mut lock(&self.tree), self.ino, path, how)?;
        if lock(&self.tree).is_dir(ino) {
            return Ok(Opened::Dir(Box::new(Self::open(&self.tree, ino)?)));
        }
        // As the host's files: creating or emptying one takes write access.
        let writable = how.write || how.oflags.intersects(OFlags::CREAT | OFlags::TRUNC);
        let file = VirtualFile::open(&self.tree, ino, how.flags, writable)?;
        Ok(Opened::File(Box::new(file)))
    }

    fn create_dir(&self, path: &str) -> Result<(), Errno> {
        let mut tree = lock(&self.tree);
        let (parent, name) = vacant(resolve_entry(&tree, self.ino, path)?)?;
        tree.create(parent, &name, Body::Dir(BTreeMap::new())).map(drop)
    }

    fn filestat(&self) -> Result<Filestat, Errno> {
        lock(&self.tree).filestat(self.ino)
    }

    fn filestat_at(&self, path: &str, follow: bool) -> Result<Filestat, Errno> {
        let tree = lock(&self.tree);
        let ino = resolve(&tree, self.ino, path, follow)?.existing(&tree)?;
        tree.filestat(ino)
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<(), Errno> {
        lock(&self.tree).set_times(self.ino, atim, mtim)
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        atim: SetTime,
        mtim: SetTime,
    ) -> Result<(), Errno> {
        let mut tree = lock(&self.tree);
        let ino = resolve(&tree, self.ino, path, follow)?.existing(&tree)?;
        tree.set_times(ino, atim, mtim)
    }

    fn list(&self) -> Result<Vec<Dirent>, Errno> {
        let tree = lock(&self.tree);
        let mut entries = Vec::new();
        for (name, &ino) in tree.entries(self.ino)? {
            let filetype = tree.filestat(ino)?.filetype;
            entries.push(Dirent { ino, filetype, name: name.clone() });
        }
        Ok(entries)
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        let tree = lock(&self.tree);
        let ino = resolve(&tree, self.ino, path, false)?.existing(&tree)?;
        match tree.body(ino)? {
            Body::Symlink(target) if target.starts_with('/') => Err(Errno::Perm),
            Body::Symlink(target) => Ok(target.clone()),
            Body::File(_) | Body::Dir(_) => Err(Errno::Inval),
        }
    }

    fn remove_dir(&self, path: &str) -> Result<(), Errno> {
        let mut tree = lock(&self.tree);
        let place = resolve_entry(&tree, self.ino, path)?;
        let ino = place.existing(&tree)?;
        let (parent, name) = place.entry.ok_or(Errno::Inval)?;
        if !tree.entries(ino)?.is_empty() {
            return Err(Errno::Notempty);
        }
        tree.unlink(parent, &name)
    }

    fn unlink_file(&self, path: &str) -> Result<(), Errno> {
        let mut tree = lock(&self.tree);
        let place = resolve(&tree, self.ino, path, false)?;
        let ino = place.existing(&tree)?;
        if tree.is_dir(ino) {
            return Err(Errno::Isdir);
        }
        let (parent, name) = place.entry.ok_or(Errno::Isdir)?;
        tree.unlink(parent, &name)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<(), Errno> {
        if target.starts_with('/') {
            return Err(Errno::Perm);
        }
        let mut tree = lock(&self.tree);
        let place = new_place(&tree, self.ino, path)?;
        if target.is_empty() {
            return Err(Errno::Noent);
        }
        if target.contains('\0') {
            return Err(Errno::Inval);
        }
        let (parent, name) = vacant(place)?;
        tree.create(parent, &name, Body::Symlink(target.to_owned())).map(drop)
    }

    fn hard_link(&self, path: &str, to: &dyn WasiDir, to_path: &str) -> Result<(), Errno> {
        let to = self.same_tree(to)?;
        let mut tree = lock(&self.tree);
        let from = new_place(&tree, self.ino, path)?;
        let place = new_place(&tree, to.ino, to_path)?;
        let ino = from.existing(&tree)?;
        let (parent, name) = vacant(place)?;
        if tree.is_dir(ino) {
            return Err(Errno::Perm);
        }
        tree.link(parent, &name, ino)
    }

    fn rename(&self, path: &str, to: &dyn WasiDir, to_path: &str) -> Result<(), Errno> {
        let to = self.same_tree(to)?;
        let mut tree = lock(&self.tree);
        let from = resolve_entry(&tree, self.ino, path)?;
        if to_path.ends_with('/') && from.node.is_some_and(|ino| !tree.is_dir(ino)) {
            return Err(Errno::Notdir);
        }
        let target = resolve_entry(&tree, to.ino, to_path)?;
        rename(&mut tree, &from, &target)
    }
}

/// What `path_open` finds or makes.
fn find_or_create(tree: &mut Tree, base: Ino, path: &str, how: OpenHow) -> Result<Ino, Errno> {
    let has = |flag| how.oflags.contains(flag);
    if has(OFlags::DIRECTORY) && how.oflags.intersects(OFlags::CREAT | OFlags::EXCL | OFlags::TRUNC)
    {
        return Err(Errno::Inval);
    }
    let exclusive = has(OFlags::CREAT) && has(OFlags::EXCL);
    if has(OFlags::CREAT) && path.ends_with('/') {
        // No file is made of such a name, whatever it leads to.
        resolve_entry(tree, base, path)?.entry.map_or(Ok(()), |_| Err(Errno::Isdir))?;
    }
    let place = resolve(tree, base, path, how.follow && !exclusive)?;
    if has(OFlags::CREAT) && place.slash && place.entry.is_some() {
        return Err(Errno::Isdir);
    }
    let Some(ino) = place.node else {
        let (parent, name) = place.entry.ok_or(Errno::Noent)?;
        if !has(OFlags::CREAT) {
            return Err(Errno::Noent);
        }
        return tree.create(parent, &name, Body::File(Vec::new()));
    };
    if exclusive {
        return Err(Errno::Exist);
    }
    let ino = place.existing(tree).map(|_| ino)?;
    match tree.body(ino)? {
        Body::Symlink(_) => return Err(Errno::Loop),
        Body::File(_) if has(OFlags::DIRECTORY) => return Err(Errno::Notdir),
        Body::Dir(_) if how.write || has(OFlags::CREAT) || has(OFlags::TRUNC) => {
            return Err(Errno::Isdir);
        }
        Body::File(_) | Body::Dir(_) => {}
    }
    if has(OFlags::TRUNC) {
        tree.resize(ino, 0)?;
    }
    Ok(ino)
}

fn rename(tree: &mut Tree, from: &Place, to: &Place) -> Result<(), Errno> {
    let (Some((old_parent, old_name)), Some((parent, name))) = (&from.entry, &to.entry) else {
        return Err(Errno::Busy);
    };
    let ino = from.existing(tree)?;
    let is_dir = tree.is_dir(ino);
    if is_dir && tree.is_within(ino, *parent) {
        return Err(Errno::Inval);
    }
    if let Some(target) = to.node {
        if target == ino {
            return Ok(());
        }
        match (is_dir, tree.is_dir(target)) {
            (_, true) if tree.is_within(target, *old_parent) => return Err(Errno::Notempty),
            (true, false) => return Err(Errno::Notdir),
            (false, true) => return Err(Errno::Isdir),
            (true, true) if !tree.entries(target)?.is_empty() => return Err(Errno::Notempty),
            _ => {}
        }
        tree.unlink(*parent, name)?;
    }
    // The new name first: the node must not go in between.
    tree.link(*parent, name, ino)?;
    tree.unlink(*old_parent, old_name)
}

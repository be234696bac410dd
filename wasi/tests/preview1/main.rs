//! The functions of preview 1 as a guest sees them, on files of the host and in
//! memory: what one back end answers, the other answers too.

mod agreement;
mod attributes;
mod directories;
mod files;
mod guest;
mod links;
mod permissions;
mod pointers;
mod poll;
mod process;
mod sandbox;

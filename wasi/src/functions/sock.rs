//! Sockets: no descriptor is ever one, so every open descriptor is
//! [`Errno::Notsock`].

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::memory::GuestMemory;

impl WasiCtx {
    fn no_socket(&self, fd: u32) -> Result<(), Errno> {
        self.table.get(fd)?;
        Err(Errno::Notsock)
    }

    /// Accepts a connection.
    pub fn sock_accept(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _flags: u32,
        _accepted: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Receives a message.
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    pub fn sock_recv(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _ri_data: u32,
        _ri_data_len: u32,
        _ri_flags: u32,
        _ro_datalen: u32,
        _ro_flags: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Sends a message.
    pub fn sock_send(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _si_data: u32,
        _si_data_len: u32,
        _si_flags: u32,
        _so_datalen: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Shuts a connection down.
    pub fn sock_shutdown(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _how: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }
}

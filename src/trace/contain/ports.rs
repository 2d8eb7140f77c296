//! The container's network as its first process sees it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::super::error::{Failure, Reason};

const LISTENING: &str = "0A";
const PATIENCE: Duration = Duration::from_secs(1);

/// The TCP ports that something listens on.
pub(super) fn listening() -> Vec<u16> {
    let mut ports: Vec<u16> = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .flat_map(|text| parse(&text))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn parse(text: &str) -> Vec<u16> {
    text.lines()
        .filter_map(|line| {
            let mut parts = line.split_whitespace();
            let (local, state) = (parts.nth(1)?, parts.nth(1)?);
            let port = local.rsplit(':').next()?;
            (state == LISTENING).then(|| u16::from_str_radix(port, 16).ok())?
        })
        .collect()
}

/// Connects to a port of the loopback interface.
pub(super) fn connect(port: u16) -> Result<OwnedFd, Failure> {
    let four = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let six = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&four, PATIENCE)
        .or_else(|error| TcpStream::connect_timeout(&six, PATIENCE).map_err(|_| error))
        .map(OwnedFd::from)
        .map_err(|error| {
            Failure::new(
                Reason::Setup,
                format!("connect to port {port} of the container"),
                error,
            )
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn lists_only_listening_ports() {
        let text = "  sl  local_address rem_address   st tx_queue\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000\n  2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0\nbroken\n";
        assert_eq!(super::parse(text), [0x1F90, 0x50]);
    }
}

//! A dialled connection that says why its peer closed it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::{ConnectError, error::refusal};

/// A TLS connection whose read errors name the server and the certificate that it refused.
///
/// With TLS 1.3 a client is done before the server has checked its certificate: the refusal is the
/// first thing that is read.
#[derive(Debug)]
pub(super) struct DialledStream {
    inner: TlsStream<TcpStream>,
    address: String,
    own: Arc<str>,
}

impl DialledStream {
    pub(super) fn new(inner: TlsStream<TcpStream>, address: String, own: Arc<str>) -> Self {
        Self { inner, address, own }
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let Some(alert) = refusal(&error) else { return error };
        let (address, own) = (self.address.clone(), self.own.to_string());
        io::Error::new(error.kind(), ConnectError::Refused { address, own, alert })
    }
}

impl AsyncRead for DialledStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        read.map_err(|error| self.explain(error))
    }
}

impl AsyncWrite for DialledStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

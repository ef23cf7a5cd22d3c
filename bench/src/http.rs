//! A connection that asks one request after the other, and reads HTTP/1.1 no further than it must.
//!
//! Bytes of requests in, status and body out. Knows neither scenarios nor what is a good answer.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// As much as is read at once; long answers would be dear in small pieces.
const BUFFER: usize = 64 * 1024;

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

/// What stands before the body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) content_range: Option<String>,
    length: Length,
}

/// Where the body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Length {
    #[default]
    Unknown,
    Known(usize),
    Chunked,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(BUFFER, stream), line: Vec::new() })
    }

    /// Sends a request and reads its answer; the body goes to `keep`, piece by piece.
    pub(crate) async fn ask(
        &mut self,
        request: &[u8],
        keep: impl FnMut(&[u8]),
    ) -> io::Result<Head> {
        self.stream.get_mut().write_all(request).await?;
        read_answer(&mut self.stream, &mut self.line, keep).await
    }
}

async fn read_answer(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    mut keep: impl FnMut(&[u8]),
) -> io::Result<Head> {
    let head = read_head(input, line).await?;
    match head.length {
        Length::Known(length) => read_exactly(input, length, &mut keep).await?,
        Length::Chunked => read_chunks(input, line, &mut keep).await?,
        // These have no body and may say so by saying nothing.
        Length::Unknown if matches!(head.status, 204 | 304) => {}
        Length::Unknown => return Err(malformed("neither a length nor chunks")),
    }
    Ok(head)
}

async fn read_head(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<Head> {
    let status = read_line(input, line).await?;
    let status = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.and_then(|digits| digits.parse().ok());
    let mut head = Head {
        status: status.ok_or_else(|| malformed("no status of HTTP/1.1"))?,
        ..Head::default()
    };
    loop {
        let header = read_line(input, line).await?;
        if header.is_empty() {
            return Ok(head);
        }
        let (name, value) = header.split_once(':').ok_or_else(|| malformed("no header"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.parse().map_err(|_| malformed("no length"))?;
            head.length = Length::Known(length);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            head.length = Length::Chunked;
        } else if name.eq_ignore_ascii_case("content-range") {
            head.content_range = Some(value.to_owned());
        }
    }
}

async fn read_chunks(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    keep: &mut impl FnMut(&[u8]),
) -> io::Result<()> {
    loop {
        let size = read_line(input, line).await?;
        let size = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(|_| malformed("no size of a chunk"))?;
        read_exactly(input, size, keep).await?;
        if size == 0 {
            // Trailers may stand before the empty line that ends it all.
            while !read_line(input, line).await?.is_empty() {}
            return Ok(());
        }
        read_line(input, line).await?;
    }
}

async fn read_exactly(
    input: &mut (impl AsyncBufRead + Unpin),
    mut left: usize,
    keep: &mut impl FnMut(&[u8]),
) -> io::Result<()> {
    while left > 0 {
        let there = input.fill_buf().await?;
        let piece = there.get(..left).unwrap_or(there);
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        keep(piece);
        let read = piece.len();
        input.consume(read);
        left -= read;
    }
    Ok(())
}

/// A line without its end.
async fn read_line<'a>(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &'a mut Vec<u8>,
) -> io::Result<&'a str> {
    line.clear();
    input.read_until(b'\n', line).await?;
    let line = line.strip_suffix(b"\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    std::str::from_utf8(line).map_err(|_| malformed("text that isn't UTF-8"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server has sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an answer from pieces of two bytes each.
    async fn read(text: &str) -> io::Result<(Head, String, String)> {
        let mut input = BufReader::with_capacity(2, text.as_bytes());
        let mut body = Vec::new();
        let head =
            read_answer(&mut input, &mut Vec::new(), |piece| body.extend_from_slice(piece)).await?;
        let mut rest = Vec::new();
        input.read_until(0, &mut rest).await?;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ok((head, text(body), text(rest)))
    }

    #[tokio::test]
    async fn a_body_of_known_length_ends_there() {
        let text = "HTTP/1.1 206 Partial Content\r\ncontent-length: 3\r\n\
                    Content-Range: 0-1/2\r\n\r\nabcHTTP";
        let (head, body, rest) = read(text).await.unwrap();
        assert_eq!((head.status, head.content_range.as_deref()), (206, Some("0-1/2")));
        assert_eq!((body.as_str(), rest.as_str()), ("abc", "HTTP"));
    }

    #[tokio::test]
    async fn chunks_are_put_together() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                    3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext";
        let (_, body, rest) = read(text).await.unwrap();
        assert_eq!((body.as_str(), rest.as_str()), ("abc0123456789", "next"));
    }

    #[tokio::test]
    async fn what_is_cut_short_is_no_answer() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        ] {
            assert!(read(text).await.is_err(), "{text:?}");
        }
    }
}

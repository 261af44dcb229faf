//! `/v1/backup` and `/v1/verify`
//!
//! A copy holds nothing that the API would not tell the same caller one by one.

use std::{
    fs::File,
    io::{self, Read},
};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};
use sync::queue::Examined;

use super::Api;
use crate::problem::Problem;

/// Bytes that are read and sent at once.
const PIECE: usize = 256 * 1024;

/// The database as it is now, as one file.
pub(super) async fn backup(State(api): State<Api>) -> Result<Response, Problem> {
    let (file, length) = api.shell.copy_database().await?;
    let pieces = stream::try_unfold(file, |file| async move {
        let read = tokio::task::spawn_blocking(move || piece(file)).await;
        read.map_err(io::Error::other)?
    });
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn piece(mut file: File) -> io::Result<Option<(Bytes, File)>> {
    let mut piece = Vec::new();
    let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
    let read = file.by_ref().take(limit).read_to_end(&mut piece)?;
    Ok((read > 0).then(|| (piece.into(), file)))
}

/// Whether the database is whole.
pub(super) async fn verify(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    Ok(Json(match api.shell.examine().await? {
        Ok(examined) => examined_json(&examined),
        Err(error) => json!({ "whole": false, "next_step": format!("{error}.") }),
    }))
}

/// A database that is whole, as JSON.
pub(crate) fn examined_json(examined: &Examined) -> Value {
    let restorations: Vec<Value> = examined
        .restorations
        .iter()
        .map(|restoration| {
            json!({
                "group": restoration.device,
                "device": restoration.device,
                "at": restoration.at,
                "after": restoration.numbers.after,
                "next": restoration.numbers.next,
            })
        })
        .collect();
    json!({
        "whole": true,
        "entries": examined.entries,
        "last_at": examined.last_at,
        "head": hex::encode(examined.head),
        "restorations": restorations,
        "next_step": "Nothing to do. Keep the head outside of this machine: it seals all entries.",
    })
}

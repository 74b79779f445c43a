//! The content of an address, up to what a result may hold.

use serde_json::json;

use super::client::{bad_status, failed, url_of};
use crate::service::builtin::registry::{Params, Waiting, World};

/// Bytes of a body that are read; the rest is never downloaded.
const READ: usize = 48 << 10;
/// Bytes of the text as JSON, where a control character takes six.
const WRITTEN: usize = 56 << 10;

pub fn get(params: Params, world: World) -> Waiting {
    Box::pin(async move {
        let url = url_of(&params)?;
        let mut response = world.http.get(&url).await?;
        if let Some(failure) = bad_status(&response) {
            return Err(failure);
        }
        let status = response.status().as_u16();
        let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = header.unwrap_or_default().chars().take(200).collect::<String>();
        let mut bytes = Vec::new();
        let mut cut = false;
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            let room = READ - bytes.len();
            bytes.extend(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                cut = true;
                break;
            }
        }
        let mut body = String::from_utf8_lossy(&bytes).into_owned();
        while json!(body).to_string().len() > WRITTEN {
            body.truncate(body.floor_char_boundary(body.len() / 2));
            cut = true;
        }
        Ok(json!({ "body": body, "cut": cut, "status": status, "content_type": content_type }))
    })
}

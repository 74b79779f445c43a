//! Does an address answer with the right status? A wrong answer is a result, not a failure: it is what was asked.

use std::time::Instant;

use serde_json::{Value, json};

use super::client::url_of;
use crate::service::builtin::param::number;
use crate::service::builtin::registry::{Params, Waiting, World};

pub fn check(params: Params, world: World) -> Waiting {
    Box::pin(async move {
        let url = url_of(&params)?;
        let expected = number(&params, "expect_status")?;
        let began = Instant::now();
        let answer = world.http.get(&url).await;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(match answer {
            Ok(response) => {
                let status = response.status().as_u16();
                let ok = expected.map_or(response.status().is_success(), |wanted| wanted == u64::from(status));
                json!({ "ok": ok, "status": status, "ms": ms, "url": response.url().as_str() })
            }
            Err(failure) => json!({ "ok": false, "status": Value::Null, "ms": ms, "url": url.as_str(), "why": failure.detail }),
        })
    })
}

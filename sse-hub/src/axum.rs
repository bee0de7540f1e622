//! Errors as responses of axum.

use std::time::Duration;

use axum_core::response::{IntoResponse, Response};

use crate::error::{PublishError, SubscribeError, TopicError};

/// The status, `retry-after` in whole seconds, and what went wrong as text.
fn response(status: u16, retry_after: Option<Duration>, text: String) -> Response {
    // 204 has no body.
    let text = if status == 204 { String::new() } else { text + "\n" };
    let mut response = text.into_response();
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    if let Some(time) = retry_after {
        response.headers_mut().insert("retry-after", time.as_secs().max(1).into());
    }
    response
}

macro_rules! into_response {
    ($($error:ty)*) => {$(
        impl IntoResponse for $error {
            fn into_response(self) -> Response {
                response(self.status(), self.retry_after(), self.to_string())
            }
        }
    )*};
}

into_response!(TopicError PublishError SubscribeError);

//! `Sse` as a response of axum.

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_core::Stream;

use crate::{BoxError, Sse, StreamItem};

impl<S> IntoResponse for Sse<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>> + Send + 'static,
{
    fn into_response(self) -> Response {
        self.into_http_response().map(Body::new)
    }
}

//! The sentences of the standards.

use crate::kit::check::Rule;

const fn interface(text: &'static str) -> Rule {
    Rule { text, standard: "HTML, 9.2.2 The EventSource interface" }
}

const fn processing(text: &'static str) -> Rule {
    Rule { text, standard: "HTML, 9.2.3 Processing model" }
}

const fn semantics(text: &'static str, standard: &'static str) -> Rule {
    Rule { text, standard }
}

pub(super) const ACCEPT: Rule = interface("Set (`Accept`, `text/event-stream`) in request's header list.");
pub(super) const NO_STORE: Rule = interface("Set request's cache mode to \"no-store\".");
pub(super) const OPENS: Rule = interface(
    "Otherwise, if res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the \
     connection.",
);
pub(super) const NETWORK_ERROR: Rule = interface(
    "Otherwise, if res is a network error, then reestablish the connection, unless the user agent knows that to be \
     futile, in which case the user agent may fail the connection.",
);
pub(super) const END_OF_BODY: Rule = interface(
    "Let processEventSourceEndOfBody given response res be the following step: if res is not a network error, then \
     reestablish the connection.",
);
pub(super) const FAILED: Rule =
    processing("Once the user agent has failed the connection, it does not attempt to reconnect.");
pub(super) const WAIT: Rule = processing("Wait a delay equal to the reconnection time of the event source.");
pub(super) const WAIT_MORE: Rule = processing(
    "Optionally, wait some more. In particular, if the previous attempt failed, then user agents might introduce an \
     exponential backoff delay to avoid overloading a potentially already overloaded server.",
);
pub(super) const LAST_EVENT_ID: Rule = processing(
    "If the EventSource object's last event ID string is not the empty string, then: Let lastEventIDValue be the \
     EventSource object's last event ID string, encoded as UTF-8. Set (`Last-Event-ID`, lastEventIDValue) in \
     request's header list.",
);
pub(super) const NO_CONTENT: Rule = Rule {
    text: "Clients will reconnect if the connection is closed; a client can be told to stop reconnecting using the \
           HTTP 204 No Content response code.",
    standard: "HTML, 9.2.1 Introduction",
};
pub(super) const ID: Rule = Rule::interpretation(
    "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. \
     Otherwise, ignore the field.",
);
pub(super) const ID_AT_DISPATCH: Rule = Rule::interpretation(
    "Set the last event ID string of the event source to the value of the last event ID buffer. The buffer does not \
     get reset, so the last event ID string of the event source remains set to this value until the next time it is \
     set by the server.",
);
pub(super) const RETRY: Rule = Rule::interpretation(
    "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and \
     set the event stream's reconnection time to that integer. Otherwise, ignore the field.",
);
pub(super) const INCOMPLETE: Rule = Rule::interpretation(
    "Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an \
     event, before the final empty line, the incomplete event is not dispatched.)",
);
pub(super) const UTF8: Rule = Rule {
    text: "Streams must be decoded using the UTF-8 decode algorithm.",
    standard: "HTML, 9.2.5 Parsing an event stream",
};
pub(super) const BUFFERING: Rule = Rule {
    text: "Since connections established to remote servers for such resources are expected to be long-lived, UAs \
           should ensure that appropriate buffering is used.",
    standard: "HTML, 9.2.5 Parsing an event stream",
};
pub(super) const HEARTBEATS: Rule = Rule {
    text: "Legacy proxy servers are known to, in certain cases, drop HTTP connections after a short timeout. To protect \
           against such proxy servers, authors can include a comment line (one starting with a ':' character) every 15 \
           seconds or so.",
    standard: "HTML, 9.2.7 Authoring notes",
};
pub(super) const DISPATCH: Rule =
    Rule::interpretation("If the line is empty (a blank line) Dispatch the event, as defined below.");
pub(super) const CHARSET: Rule = Rule {
    text: "The charset parameter may be provided. The parameter's value must be \"utf-8\". This parameter serves no \
           purpose; it is only allowed for compatibility with legacy servers.",
    standard: "HTML, 17.7 text/event-stream",
};
pub(super) const CHUNKED: Rule = semantics(
    "A message body that uses the chunked transfer coding is incomplete if the zero-sized chunk that terminates the \
     encoding has not been received.",
    "RFC 9112, 8 Handling Incomplete Messages",
);
pub(super) const CONTENT_ENCODING: Rule = semantics(
    "The \"Content-Encoding\" header field indicates what content codings have been applied to the representation, \
     beyond those inherent in the media type, and thus what decoding mechanisms have to be applied in order to obtain \
     data in the media type referenced by the Content-Type header field.",
    "RFC 9110, 8.4 Content-Encoding",
);
pub(super) const REDIRECT: Rule = semantics(
    "If a Location header field is provided, the user agent MAY automatically redirect its request to the URI \
     referenced by the Location field value, even if the specific status code is not understood.",
    "RFC 9110, 15.4 Redirection 3xx",
);
pub(super) const REDIRECT_HEADERS: Rule = semantics(
    "Consider removing header fields that were not automatically generated by the implementation (i.e., those present \
     in the request because they were added by the calling context) where there are security implications; this \
     includes but is not limited to Authorization and Cookie.",
    "RFC 9110, 15.4 Redirection 3xx",
);
pub(super) const REDIRECT_LOOP: Rule = semantics(
    "A client SHOULD detect and intervene in cyclical redirections (i.e., \"infinite\" redirection loops).",
    "RFC 9110, 15.4 Redirection 3xx",
);
pub(super) const RETRY_AFTER: Rule = semantics(
    "Servers send the \"Retry-After\" header field to indicate how long the user agent ought to wait before making a \
     follow-up request.",
    "RFC 9110, 10.2.3 Retry-After",
);

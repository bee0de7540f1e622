//! Serialization of events, ids, types and texts with serde.
//!
//! Deserialized values are checked like decoded ones: a type or an id with a line break is an error.

use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
    ser::SerializeStruct,
};

use crate::{Event, EventId, EventType, Text};

/// `{"data":"…","type":"…","id":"…","retry":3000}`, with the reconnection time in milliseconds. Human-readable formats
/// omit fields that the event does not have.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_sparse = serializer.is_human_readable();
        let has = [self.event_type.is_some(), self.id.is_some(), self.retry.is_some()];
        let [has_type, has_id, has_retry] = has.map(|has| has || !is_sparse);
        let len = 1 + [has_type, has_id, has_retry].into_iter().filter(|has| *has).count();
        let mut fields = serializer.serialize_struct("Event", len)?;
        fields.serialize_field("data", &self.data)?;
        if has_type {
            fields.serialize_field("type", &self.event_type)?;
        }
        if has_id {
            fields.serialize_field("id", &self.id)?;
        }
        if has_retry {
            fields.serialize_field("retry", &self.retry)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Event")]
        struct Fields {
            data: Text,
            #[serde(rename = "type", default)]
            event_type: Option<EventType>,
            #[serde(default)]
            id: Option<EventId>,
            #[serde(default)]
            retry: Option<u64>,
        }
        let Fields { data, event_type, id, retry } = Fields::deserialize(deserializer)?;
        Ok(Self { data, event_type, id, retry })
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;

        impl Visitor<'_> for AnyText {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }
        }

        deserializer.deserialize_str(AnyText)
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Text::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventId {
    /// Accepts any id that the format allows, so that every decoded event can be deserialized again.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::lenient(Text::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

//! The objects of records: a whole batch goes at once, with all versions and delete markers, with what
//! an upload left behind, and with every copy that the policy names.

use std::collections::BTreeSet;

use app::error::PortError;
use aws_sdk_s3::{
    config::{Builder, Region},
    operation::{list_multipart_uploads::ListMultipartUploadsOutput, list_object_versions::ListObjectVersionsOutput},
    types::{Delete, EncodingType, ObjectIdentifier},
};
use domain::{ids::RegionName, lifecycle::FileRules};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Cloud,
    failure::{code, unavailable},
};

const RECORDS: &str = "the records bucket";
const REPLICAS: &str = "a replica of the records bucket";

/// Most versions of one call (DeleteObjects' limit).
const VERSIONS_MAX: usize = 1_000;

/// Listings under way at once.
const LISTINGS_AT_ONCE: usize = 8;

/// Most pages of one object's versions, and of the uploads under one prefix: 1,000 entries each.
const PAGES_MAX: usize = 1_000;

/// A bucket, and where it is.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    what: &'static str,
    bucket: &'a str,
    region: &'a str,
}

impl Place<'_> {
    /// A bucket lies where it lies: a call that goes elsewhere is answered with a redirect.
    fn region(&self) -> Builder {
        Builder::new().region(Region::new(self.region.to_owned()))
    }
}

/// Where the next page of an object's versions begins.
#[derive(Debug, Default)]
struct Marker {
    key: Option<String>,
    version: Option<String>,
}

/// One listing of what a key still has.
struct Listed {
    /// Versions, and behind them delete markers.
    versions: Vec<ObjectIdentifier>,
    /// How many of them are versions.
    stored: usize,
    next: Option<Marker>,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing is left of it.
    Gone,
    /// Nothing was left of it before: no version, in no bucket.
    GoneBefore,
    /// Something of it is left.
    Left,
}

impl Cloud {
    /// Deletes objects of the records bucket and their copies; answers for each, in order, what became of it. The
    /// same key may stand there twice.
    pub(crate) async fn delete_objects(&self, rules: &FileRules, keys: &[&str]) -> Result<Vec<Fate>, PortError> {
        let distinct: BTreeSet<&str> = keys.iter().copied().collect();
        let (mut found, mut left) = (BTreeSet::new(), BTreeSet::new());
        // The object before its copies: what waits to be replicated is not replicated any more once its version is
        // gone, so no copy comes after this.
        for place in self.places(rules)? {
            left.extend(self.delete_in(place, &distinct, &mut found).await?);
        }
        let fate = |key: &&str| match (left.contains(key), found.contains(key)) {
            (true, _) => Fate::Left,
            (false, true) => Fate::Gone,
            (false, false) => Fate::GoneBefore,
        };
        Ok(keys.iter().map(fate).collect())
    }

    /// The records bucket, and behind it those of the copies.
    fn places<'a>(&'a self, rules: &'a FileRules) -> Result<Vec<Place<'a>>, PortError> {
        let bucket = Place { what: RECORDS, bucket: self.records_bucket()?, region: self.region() };
        let copies = rules.replicas.iter().map(|replica| Place {
            what: REPLICAS,
            bucket: replica.bucket.as_str(),
            region: replica.region.as_ref().map_or_else(|| self.region(), RegionName::as_str),
        });
        Ok(std::iter::once(bucket).chain(copies).collect())
    }

    /// Takes from every version of an object, and of its copies, the tag by which S3 may delete it. Once this has
    /// returned, no rule of the bucket reaches what stands; doing it again changes nothing.
    pub(crate) async fn keep_object(&self, rules: &FileRules, key: &str) -> Result<(), PortError> {
        for place in self.places(rules)? {
            let mut from = Some(Marker::default());
            for _ in 0..PAGES_MAX {
                let Some(marker) = from.take() else { break };
                let listed = self.list_versions(place, key, marker).await?;
                for version in listed.versions.into_iter().take(listed.stored) {
                    self.untag(place, key, version.version_id()).await?;
                }
                from = listed.next;
            }
            if from.is_some() {
                return Err(PortError::corrupt(place.what, "an object has too many versions to be kept"));
            }
        }
        Ok(())
    }

    async fn untag(&self, place: Place<'_>, key: &str, version: Option<&str>) -> Result<(), PortError> {
        let untagged = self
            .s3()
            .delete_object_tagging()
            .bucket(place.bucket)
            .key(key)
            .set_version_id(version.map(str::to_owned))
            .customize()
            .config_override(place.region())
            .send()
            .await;
        match untagged {
            Ok(_) => Ok(()),
            // Deleted since it was listed.
            Err(error) if matches!(code(&error), Some("NoSuchKey" | "NoSuchVersion")) => Ok(()),
            Err(error) => Err(unavailable(place.what, &error)),
        }
    }

    /// Deletes objects of one bucket; answers those of which something is left, and adds those of which a version
    /// was found.
    async fn delete_in<'k>(
        &self,
        place: Place<'_>,
        keys: &BTreeSet<&'k str>,
        found: &mut BTreeSet<&'k str>,
    ) -> Result<BTreeSet<&'k str>, PortError> {
        // First, since an upload that is completed makes a version.
        let mut left = self.abort_uploads(place, keys).await?;
        let mut open: Vec<(&str, Marker)> = keys.iter().map(|key| (*key, Marker::default())).collect();
        let mut versions = Vec::new();
        for _ in 0..PAGES_MAX {
            let listings = open
                .into_iter()
                .map(async |(key, from)| Ok::<_, PortError>((key, self.list_versions(place, key, from).await?)));
            let mut listings = stream::iter(listings).buffer_unordered(LISTINGS_AT_ONCE);
            open = Vec::new();
            while let Some((key, listed)) = listings.try_next().await? {
                found.extend((listed.stored > 0).then_some(key));
                versions.extend(listed.versions);
                open.extend(listed.next.map(|next| (key, next)));
                while versions.len() >= VERSIONS_MAX {
                    let rest = versions.split_off(VERSIONS_MAX);
                    self.delete_versions(place, std::mem::replace(&mut versions, rest), keys, &mut left).await?;
                }
            }
            if open.is_empty() {
                break;
            }
        }
        self.delete_versions(place, versions, keys, &mut left).await?;
        left.extend(open.into_iter().map(|(key, _)| key));
        Ok(left)
    }

    /// A page of the versions and delete markers of one key.
    async fn list_versions(&self, place: Place<'_>, key: &str, from: Marker) -> Result<Listed, PortError> {
        // The key itself sorts before all that only start like it. Names come encoded, since XML has no way to
        // write every character that a name can have.
        let page = self
            .s3()
            .list_object_versions()
            .bucket(place.bucket)
            .prefix(key)
            .encoding_type(EncodingType::Url)
            .set_key_marker(from.key)
            .set_version_id_marker(from.version)
            .customize()
            .config_override(place.region())
            .send()
            .await
            .map_err(|error| unavailable(place.what, &error))?;
        listed(place.what, key, &page)
    }

    /// Deletes up to [`VERSIONS_MAX`] versions at once and notes what was refused.
    async fn delete_versions<'k>(
        &self,
        place: Place<'_>,
        versions: Vec<ObjectIdentifier>,
        keys: &BTreeSet<&'k str>,
        left: &mut BTreeSet<&'k str>,
    ) -> Result<(), PortError> {
        if versions.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(versions)).quiet(true).build();
        let delete = delete.map_err(|_| PortError::corrupt(place.what, "a deletion cannot be written"))?;
        let deleted = self
            .s3()
            .delete_objects()
            .bucket(place.bucket)
            .delete(delete)
            .customize()
            .config_override(place.region())
            .send()
            .await
            .map_err(|error| unavailable(place.what, &error))?;
        for error in deleted.errors() {
            let refused = error.key().and_then(|key| keys.get(key));
            // An error that names none of ours: nobody can say what it is about.
            let refused = refused.ok_or_else(|| PortError::corrupt(place.what, "it refused something else"))?;
            left.insert(refused);
        }
        Ok(())
    }

    /// Ends the uploads of these keys that were begun and never completed; answers those that stand.
    ///
    /// One listing serves all: what is under way anywhere in a bucket is little, and what is left lying goes
    /// by the bucket's own rule after a day.
    async fn abort_uploads<'k>(
        &self,
        place: Place<'_>,
        keys: &BTreeSet<&'k str>,
    ) -> Result<BTreeSet<&'k str>, PortError> {
        let mut found = Vec::new();
        let mut from = Some(Marker::default());
        for _ in 0..PAGES_MAX {
            let Some(marker) = from.take() else { break };
            let page = self
                .s3()
                .list_multipart_uploads()
                .bucket(place.bucket)
                .prefix(common_prefix(keys))
                .encoding_type(EncodingType::Url)
                .set_key_marker(marker.key)
                .set_upload_id_marker(marker.version)
                .customize()
                .config_override(place.region())
                .send()
                .await
                .map_err(|error| unavailable(place.what, &error))?;
            found.extend(uploads_of(place.what, keys, &page)?);
            from = next_uploads(&page);
        }
        if from.is_some() {
            // Too many to be seen through: what may stand is said to stand.
            return Ok(keys.clone());
        }
        for (key, upload) in found {
            let aborted = self
                .s3()
                .abort_multipart_upload()
                .bucket(place.bucket)
                .key(key)
                .upload_id(upload)
                .customize()
                .config_override(place.region())
                .send()
                .await;
            match aborted {
                Ok(_) => {}
                // Completed or ended since: the versions come next.
                Err(error) if code(&error) == Some("NoSuchUpload") => {}
                Err(error) => return Err(unavailable(place.what, &error)),
            }
        }
        Ok(BTreeSet::new())
    }
}

/// The versions and delete markers of a key on a page, and where the next page of it begins.
fn listed(what: &'static str, key: &str, page: &ListObjectVersionsOutput) -> Result<Listed, PortError> {
    let encoded = page.encoding_type() == Some(&EncodingType::Url);
    let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    let (mut objects, mut stored) = (Vec::new(), 0);
    let mut is_past = false;
    let of_versions = versions.map(|version| (version, true));
    for ((name, version), is_version) in of_versions.chain(markers.map(|marker| (marker, false))) {
        let name = name.and_then(|name| decoded(name, encoded));
        let name = name.ok_or_else(|| PortError::corrupt(what, "it lists a version without a name"))?;
        if name == key {
            let object = ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build();
            objects.push(object.map_err(|_| PortError::corrupt(what, "a version has no name"))?);
            stored += usize::from(is_version);
        } else {
            is_past = true;
        }
    }
    let more = page.is_truncated() == Some(true) && !is_past;
    let next = more.then(|| Marker {
        key: page.next_key_marker().and_then(|name| decoded(name, encoded)),
        version: page.next_version_id_marker().map(str::to_owned),
    });
    Ok(Listed { versions: objects, stored, next })
}

/// The uploads of these keys on a page.
fn uploads_of<'k>(
    what: &'static str,
    keys: &BTreeSet<&'k str>,
    page: &ListMultipartUploadsOutput,
) -> Result<Vec<(&'k str, String)>, PortError> {
    let encoded = page.encoding_type() == Some(&EncodingType::Url);
    let mut found = Vec::new();
    for upload in page.uploads() {
        let name = upload.key().and_then(|name| decoded(name, encoded)).zip(upload.upload_id());
        let (name, id) = name.ok_or_else(|| PortError::corrupt(what, "it lists an upload without a name"))?;
        found.extend(keys.get(name.as_str()).map(|key| (*key, id.to_owned())));
    }
    Ok(found)
}

fn next_uploads(page: &ListMultipartUploadsOutput) -> Option<Marker> {
    let encoded = page.encoding_type() == Some(&EncodingType::Url);
    (page.is_truncated() == Some(true)).then(|| Marker {
        key: page.next_key_marker().and_then(|name| decoded(name, encoded)),
        version: page.next_upload_id_marker().map(str::to_owned),
    })
}

/// A name as it was before S3 wrote it for a URL; `None` if it is no text then.
fn decoded(name: &str, encoded: bool) -> Option<String> {
    if !encoded {
        return Some(name.to_owned());
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let (high, low) = (rest.next().and_then(digit)?, rest.next().and_then(digit)?);
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What all these keys begin with.
fn common_prefix(keys: &BTreeSet<&str>) -> String {
    // They are sorted: what the first and the last share, all share.
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return String::new() };
    first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{DeleteMarkerEntry, MultipartUpload, ObjectVersion};

    use super::*;

    fn version(key: &str, id: &str) -> ObjectVersion {
        ObjectVersion::builder().key(key).version_id(id).build()
    }

    fn marker(key: &str, id: &str) -> DeleteMarkerEntry {
        DeleteMarkerEntry::builder().key(key).version_id(id).build()
    }

    fn ids(listed: &Listed) -> Vec<&str> {
        listed.versions.iter().filter_map(ObjectIdentifier::version_id).collect()
    }

    #[test]
    fn a_neighbour_that_starts_alike_is_left_alone_and_ends_the_listing() {
        let page = ListObjectVersionsOutput::builder()
            .versions(version("a/file", "2"))
            .delete_markers(marker("a/file", "3"))
            .versions(version("a/file-2", "1"))
            .is_truncated(true)
            .next_key_marker("a/file-2")
            .build();
        let listed = listed(RECORDS, "a/file", &page).unwrap();
        assert_eq!(ids(&listed), ["2", "3"]);
        assert_eq!(listed.stored, 1, "a delete marker is nothing that is stored");
        assert!(listed.next.is_none());
    }

    #[test]
    fn an_object_of_more_versions_than_a_page_is_listed_on() {
        let page = ListObjectVersionsOutput::builder()
            .versions(version("a/file", "2"))
            .is_truncated(true)
            .next_key_marker("a/file")
            .next_version_id_marker("2")
            .build();
        let next = listed(RECORDS, "a/file", &page).unwrap().next.unwrap();
        assert_eq!((next.key.as_deref(), next.version.as_deref()), (Some("a/file"), Some("2")));
    }

    #[test]
    fn a_name_that_xml_cannot_write_is_found_by_its_encoding() {
        let key = "a/ä b+c\r%2B";
        let page = ListObjectVersionsOutput::builder()
            .encoding_type(EncodingType::Url)
            .versions(version("a/%C3%A4+b%2Bc%0D%252B", "1"))
            .build();
        let found = listed(RECORDS, key, &page).unwrap();
        assert_eq!(ids(&found), ["1"]);
        assert_eq!(found.versions[0].key(), key);
        let broken =
            ListObjectVersionsOutput::builder().encoding_type(EncodingType::Url).versions(version("a/%4", "1"));
        assert!(
            listed(RECORDS, key, &broken.build()).is_err(),
            "a name that cannot be read is not taken for another's"
        );
    }

    #[test]
    fn only_the_uploads_of_these_keys_are_ended() {
        let upload = |key: &str, id: &str| MultipartUpload::builder().key(key).upload_id(id).build();
        let page = ListMultipartUploadsOutput::builder()
            .uploads(upload("a/file", "1"))
            .uploads(upload("a/file-2", "2"))
            .is_truncated(true)
            .next_key_marker("a/file-2")
            .next_upload_id_marker("2")
            .build();
        let keys = BTreeSet::from(["a/file", "a/other"]);
        assert_eq!(uploads_of(RECORDS, &keys, &page).unwrap(), [("a/file", "1".to_owned())]);
        assert_eq!(next_uploads(&page).unwrap().version.as_deref(), Some("2"));
    }

    #[test]
    fn a_prefix_covers_every_key_and_breaks_no_character() {
        assert_eq!(common_prefix(&BTreeSet::from(["acme/ä1", "acme/ö2", "acme/b"])), "acme/");
        assert_eq!(common_prefix(&BTreeSet::from(["one"])), "one");
        assert_eq!(common_prefix(&BTreeSet::from(["a", "b"])), "");
    }
}

//! The answer to a ConversionReview: pure, by [`kong_crds::convert`].

use kube::core::{
    Status,
    conversion::{ConversionRequest, ConversionResponse, ConversionReview},
};

/// Why a review is not answered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the review has no request")]
pub(super) struct NoRequest;

/// Answers a review: with all objects converted, or with why one cannot be.
pub(super) fn answer(review: ConversionReview) -> Result<ConversionReview, NoRequest> {
    let mut request = ConversionRequest::from_review(review).map_err(|_| NoRequest)?;
    let objects = std::mem::take(&mut request.objects);
    let wanted = request.desired_api_version.clone();
    let version = wanted
        .rsplit_once('/')
        .map_or(&*wanted, |(_, version)| version);
    let converted: Result<Vec<_>, _> = objects
        .into_iter()
        .map(|object| kong_crds::convert(object, version))
        .collect();
    let response = ConversionResponse::for_request(request);
    let response = match converted {
        Ok(objects) => response.success(objects),
        Err(error) => response.failure(Status::failure(&error.to_string(), "Invalid")),
    };
    Ok(response.into_review())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ask(desired: &str, objects: &Value) -> Value {
        let review = serde_json::from_value(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
            "request": {"uid": "7", "desiredAPIVersion": desired, "objects": objects},
        }))
        .unwrap();
        serde_json::to_value(answer(review).unwrap()).unwrap()
    }

    fn old() -> Value {
        json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectGatewayControlPlane",
            "metadata": {"name": "plane"}, "spec": {"name": "plane"},
        })
    }

    #[test]
    fn every_object_is_converted() {
        let answer = ask("konnect.konghq.com/v1alpha2", &json!([old(), old()]));
        assert_eq!(answer["kind"], "ConversionReview");
        assert_eq!(answer["response"]["uid"], "7");
        assert_eq!(answer["response"]["result"]["status"], "Success");
        let converted = answer["response"]["convertedObjects"].as_array().unwrap();
        assert_eq!(converted.len(), 2);
        assert_eq!(
            converted[1]["spec"]["createControlPlaneRequest"]["name"],
            "plane"
        );
    }

    #[test]
    fn one_object_that_cannot_be_converted_fails_the_review_with_a_reason() {
        let stranger = json!({"apiVersion": "example.com/v1", "kind": "Lamp"});
        let answer = ask("konnect.konghq.com/v1alpha2", &json!([old(), stranger]));
        assert_eq!(answer["response"]["uid"], "7");
        assert_eq!(answer["response"]["result"]["status"], "Failure");
        assert_eq!(
            answer["response"]["result"]["message"],
            "document is of no known kind"
        );
        assert_eq!(answer["response"]["convertedObjects"], json!([]));
    }

    #[test]
    fn a_review_without_a_request_has_no_answer() {
        let review: ConversionReview = serde_json::from_value(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        }))
        .unwrap();
        assert_eq!(answer(review), Err(NoRequest));
    }
}

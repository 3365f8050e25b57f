//! A conversion webhook, as small as one can be, around the conversion of kong-crds.

use std::net::{Ipv4Addr, TcpListener};

use axum::{Json, Router, routing::post};
use axum_server::tls_rustls::RustlsConfig;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kube::core::{
    Status,
    conversion::{ConversionRequest, ConversionResponse, ConversionReview},
};
use serde_json::{Value, json};

/// Serves conversions until the runtime ends, and says under `spec.conversion` how the API server finds them.
pub(crate) async fn serve() -> Value {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = certified.cert.pem();
    // Whoever comes first sets it for all tests of the process, to the same.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let key = certified.signing_key.serialize_pem();
    let tls = RustlsConfig::from_pem(certificate.clone().into_bytes(), key.into_bytes())
        .await
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/convert", post(convert));
    tokio::spawn(
        axum_server::from_tcp_rustls(listener, tls)
            .unwrap()
            .serve(router.into_make_service()),
    );
    json!({"strategy": "Webhook", "webhook": {
        "conversionReviewVersions": ["v1"],
        "clientConfig": {
            "url": format!("https://127.0.0.1:{port}/convert"),
            "caBundle": STANDARD.encode(certificate),
        },
    }})
}

async fn convert(Json(review): Json<ConversionReview>) -> Json<ConversionReview> {
    let request = ConversionRequest::from_review(review).unwrap();
    let version = request.desired_api_version.clone();
    let version = version.rsplit('/').next().unwrap_or_default();
    let objects: Result<Vec<Value>, _> = request
        .objects
        .iter()
        .map(|object| kong_crds::convert(object.clone(), version))
        .collect();
    let response = ConversionResponse::for_request(request);
    let response = match objects {
        Ok(objects) => response.success(objects),
        Err(error) => response.failure(Status::failure(&error.to_string(), "Invalid")),
    };
    Json(response.into_review())
}

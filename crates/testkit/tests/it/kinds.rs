//! What must hold for every kind, from its example: a kind is covered once it has a row and a file.

use testkit::examples::Examples;

#[test]
fn every_served_kind_has_an_example_and_says_how_it_is_edited() {
    let complaints = Examples::get().complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

//! Names: who owns what, and that no name leads out of its place.

use crate::keys::{ImageId, Owner, Upload, sanitise};

const SUB: &str = "0b1e3c52-1f5a-4e0b-9d0e-2f7d3c8a1b11";

#[test]
fn keys_say_what_they_were_made_of() {
    let owner = Owner::parse(SUB).unwrap();
    let id = ImageId::new(&owner, 1_790_000_000, [0xAB; 8]);
    let upload = Upload { owner, id, name: "cat.jpg".to_owned() };
    assert_eq!(Upload::parse(&upload.key()), Some(upload));
}

#[test]
fn an_id_that_is_not_the_owners_is_not_taken_over() {
    let other = ImageId::new(&Owner::parse("someone-else").unwrap(), 0, [1; 8]);
    let key = format!("uploads/{SUB}/{}-cat.jpg", other.as_str());
    let upload = Upload::parse(&key).unwrap();
    assert!(upload.id != other && upload.id.belongs_to(&upload.owner));
    assert_eq!(Upload::parse(&key).unwrap().id, upload.id, "and always the same");
    assert_ne!(Upload::parse(&format!("uploads/{SUB}/b.jpg")).unwrap().id, upload.id);
}

#[test]
fn keys_that_are_no_uploads() {
    for key in ["", "uploads/", "uploads/x", "uploads//x", "uploads/a b/x", "uploads/../x/y", "renditions/a/b", &format!("uploads/{SUB}/")]
    {
        assert_eq!(Upload::parse(key), None, "{key}");
    }
}

#[test]
fn newer_ids_sort_first() {
    let owner = Owner::parse(SUB).unwrap();
    assert!(ImageId::new(&owner, 2_000_000_000, [9; 8]) < ImageId::new(&owner, 1_999_999_999, [0; 8]));
    assert!(ImageId::new(&owner, 1, [9; 8]) < ImageId::of_key(&owner, "k"));
}

#[test]
fn names_are_made_harmless() {
    for (given, clean) in [
        ("cat.jpg", "cat.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("Käse & Brot.jpeg", "K-se-Brot.jpeg"),
        ("...", "image"),
        ("猫", "image"),
        ("a\"; rm -rf $HOME #.png", "a-rm-rf-HOME-.png"),
    ] {
        assert_eq!(sanitise(given), clean, "{given}");
    }
    let long = sanitise(&format!("{}.jpeg", "x".repeat(200)));
    assert!(long.len() == 80 && long.ends_with(".jpeg"));
}

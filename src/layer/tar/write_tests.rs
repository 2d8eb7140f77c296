//! What is written is read back as what it was, by our reader and by others'.

use super::*;

#[test]
fn times() {
    assert_eq!(time(5, 0), "5");
    assert_eq!(time(5, 120_000_000), "5.12");
    assert_eq!(time(-2, 0), "-2");
    assert_eq!(time(-2, 500_000_000), "-1.5");
    assert_eq!(time(-1, 500_000_000), "-0.5");
}

#[test]
fn names_are_split_where_ustar_can() {
    let long = [vec![b'a'; 150], vec![b'b'; 100]].join(&b'/');
    let (prefix, rest) = split(&long).unwrap();
    assert_eq!((prefix.len(), rest.len()), (150, 100));
    assert!(split(&[b'a'; 101]).is_none());
    assert!(split(&[vec![b'a'; 156], vec![b'b'; 99]].join(&b'/')).is_none());
    // A directory's slash is no place to cut.
    assert!(split(&[vec![b'a'; 120], vec![]].join(&b'/')).is_none());
}

#[test]
fn record_lengths_count_themselves() {
    for length in 0..3000 {
        let mut records = Records::default();
        records.add(b"k", &vec![b'v'; length]);
        let mut out = Vec::new();
        records.write(&mut out, b"x");
        let text = &out[512..];
        let space = text.iter().position(|&b| b == b' ').unwrap();
        let said: usize = std::str::from_utf8(&text[..space])
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(text[said - 1], b'\n');
        assert!(text[said..].iter().all(|&b| b == 0));
    }
}

//! What users type: image names and platforms.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rslim::oci::Platform;
use rslim::source::Locator;

fuzz_target!(|text: &str| {
    if let Ok(locator) = text.parse::<Locator>() {
        let shown = locator.to_string();
        // A name of a file that is there may read as something else.
        if locator.path().is_none() {
            assert_eq!(shown.parse::<Locator>(), Ok(locator));
        }
    }
    if let Ok(platform) = text.parse::<Platform>() {
        assert_eq!(
            platform.to_string().parse::<Platform>(),
            Ok(platform.clone())
        );
        assert!(platform.accepts(&platform));
    }
});

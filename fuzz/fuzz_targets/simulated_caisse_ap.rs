#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::simulated_caisse_ap(data));

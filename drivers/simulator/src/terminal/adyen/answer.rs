//! Answers: sealed, and what goes wrong with them on the way.

use super::{
    Fault,
    machine::{Said, Terminal, key},
    message::{self, Header, failure},
};

impl Terminal {
    pub(super) fn answer_with(
        &mut self,
        exchange: u64,
        header: &Header,
        body: &str,
        fault: Option<Fault>,
    ) {
        let nonce = self.crypto.nonce(&[0; 16], self.sealed);
        self.sealed += 1;
        let other = |change: fn(&mut Header)| {
            let mut header = header.clone();
            change(&mut header);
            header
        };
        let (inside, outside) = match fault {
            Some(Fault::OtherDevice) => {
                let other = other(|header| header.poi_id.push('9'));
                (other.clone(), other)
            }
            Some(Fault::OtherRequest) => {
                let other = other(|header| "ABCDEFGHIJ".clone_into(&mut header.service_id));
                (other.clone(), other)
            }
            Some(Fault::ForgedHeader) => (
                other(|header| "ABCDEFGHIJ".clone_into(&mut header.service_id)),
                header.clone(),
            ),
            _ => (header.clone(), header.clone()),
        };
        let crypto = match fault {
            Some(Fault::WrongKey) => &key(&self.options, "another passphrase"),
            _ => &self.crypto,
        };
        let mut sealed = message::seal(crypto, nonce, &inside, &outside, body);
        if fault == Some(Fault::BadHmac) {
            // The first letter of the HMAC is another one.
            let at = sealed.find("\"Hmac\":\"").map_or(0, |at| at + 8);
            let letter = if sealed[at..].starts_with('A') {
                "B"
            } else {
                "A"
            };
            sealed.replace_range(at..=at, letter);
        }
        let sealed = sealed.into_bytes();
        match fault {
            Some(Fault::LoseAnswerAfterApproval | Fault::LoseRefusal) => {
                self.said.push_back(Said::HangUp(exchange));
            }
            Some(Fault::HalfAnswer) => self.said.push_back(Said::Half(exchange, sealed)),
            Some(Fault::PartialSegments) => self.said.push_back(Said::InPieces(exchange, sealed)),
            Some(Fault::Garbage) => {
                let noise = b"\x00\xff{\"SaleToPOIResponse\":[[[[".to_vec();
                self.said.push_back(Said::Answer(exchange, noise));
            }
            Some(Fault::HangUpAfterApproval) => {
                self.said.push_back(Said::Answer(exchange, sealed));
                self.said.push_back(Said::HangUp(exchange));
            }
            Some(Fault::DuplicateAnswer) => {
                self.said.push_back(Said::Answer(exchange, sealed.clone()));
                self.said.push_back(Said::Stray(sealed));
            }
            Some(Fault::Coalesce) => {
                let mut late = header.clone();
                "0000000AB".clone_into(&mut late.service_id);
                "Diagnosis".clone_into(&mut late.category);
                let body = failure("DiagnosisResponse", "Busy");
                let stray = message::seal(&self.crypto, [3; 16], &late, &late, &body);
                self.said.push_back(Said::Answer(exchange, sealed));
                self.said.push_back(Said::Stray(stray.into_bytes()));
            }
            _ => self.said.push_back(Said::Answer(exchange, sealed)),
        }
    }
}

//! `kind = "worklist"`

use std::collections::BTreeMap;

use payment::{DeviceId, Method};

use super::{
    super::{Names, section::Section},
    MethodNames, Options, per_device,
};
use crate::Secret;

/// Longest name of a method or a location, in characters.
const NAME: usize = 60;

/// The form into which a person copies payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorklistForm {
    /// Dentaltap's.
    Dentaltap,
    /// Caspen's.
    Caspen,
}

impl WorklistForm {
    /// All forms.
    pub const ALL: [Self; 2] = [Self::Dentaltap, Self::Caspen];

    /// The word of the configuration and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dentaltap => "dentaltap",
            Self::Caspen => "caspen",
        }
    }

    /// What each system calls our methods, as it comes.
    fn methods(self) -> BTreeMap<Method, String> {
        let words = match self {
            Self::Dentaltap => ["Bank card", "Cash", "Cheque", "Bank transfer", "Other"],
            Self::Caspen => ["EFTPOS", "Cash", "Cheque", "Direct deposit", "Other"],
        };
        Method::ALL.into_iter().zip(words.map(str::to_owned)).collect()
    }
}

/// The options of `kind = "worklist"`.
#[derive(Debug, Clone)]
pub struct WorklistOptions {
    /// Into which form.
    pub form: WorklistForm,
    /// What the form calls each method.
    pub methods: MethodNames<String>,
    /// Caspen's location.
    pub location: Option<String>,
}

impl WorklistOptions {
    /// What the form calls a method at a device.
    pub fn method(&self, device: &DeviceId, method: Method) -> &str {
        // There is a default for every method.
        self.methods.at(device, method).map_or("", String::as_str)
    }
}

impl Options for WorklistOptions {
    const KEYS: &'static [&'static str] = &["form", "methods", "devices", "location"];
    const REMOTE: bool = false;

    fn read(section: &mut Section<'_, '_, '_>, names: &Names<'_>) -> Option<Self> {
        let form = form(section);
        // With a form of some kind, the other keys are checked all the same.
        let defaults = form.unwrap_or(WorklistForm::Caspen).methods();
        let methods = per_device::read(section, names, defaults, name);
        let location = name(section, "location");
        if location.is_some() && form == Some(WorklistForm::Dentaltap) {
            let text = "is a field of Caspen's form only; leave it out";
            section.note("location", text);
        }
        let form = form?;
        Some(Self {
            form,
            methods,
            location,
        })
    }

    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }
}

fn form(section: &mut Section<'_, '_, '_>) -> Option<WorklistForm> {
    let text = section.required_text("form", "dentaltap")?;
    let form = WorklistForm::ALL.into_iter().find(|f| f.as_str() == text);
    if form.is_none() {
        let known = WorklistForm::ALL.map(WorklistForm::as_str).join(", ");
        section.note("form", format!("“{text}” is not a form; write one of {known}"));
    }
    form
}

/// A name as a person reads it in the form.
fn name(section: &mut Section<'_, '_, '_>, key: &str) -> Option<String> {
    let text = section.text(key)?;
    let fits = !text.trim().is_empty() && text.chars().count() <= NAME;
    if !fits || text.chars().any(char::is_control) {
        let text = format!("must be a name as the form shows it, of at most {NAME} characters");
        section.note(key, text);
        return None;
    }
    Some(text.trim().to_owned())
}

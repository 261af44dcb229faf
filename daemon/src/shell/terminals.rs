//! Starts the drivers of the card terminals.

use std::collections::HashMap;

use config::Config;
use drivers::{
    run::{FromMachine, ToMachine},
    terminal::{Command, Driver, Event as TerminalEvent, Fact},
};
use payment::DeviceId;
use tokio::sync::mpsc;

use super::{Commands, Handle};
use crate::engine::Event;

/// Most commands and messages that wait between the engine and a driver.
const MESSAGES: usize = 64;

/// Starts one driver for each terminal; they end when their command channels close.
pub(super) fn start(config: &Config, handle: &Handle) -> HashMap<DeviceId, Commands> {
    let mut all = HashMap::new();
    for terminal in &config.terminals {
        let (commands, received) = mpsc::channel::<ToMachine<Command>>(MESSAGES);
        let (tell, told) = mpsc::channel(MESSAGES);
        let Driver { machine, defaults } = drivers::terminal::driver(terminal, handle.now());
        let link = terminal.link.clone();
        tokio::spawn(drivers::run::run(machine, link, defaults, received, tell));
        tokio::spawn(forward(terminal.id.clone(), told, handle.clone()));
        all.insert(terminal.id.clone(), commands);
    }
    all
}

async fn forward(
    device: DeviceId,
    mut told: mpsc::Receiver<FromMachine<Fact, TerminalEvent>>,
    handle: Handle,
) {
    while let Some(message) = told.recv().await {
        if let Some(event) = event(&device, message) {
            handle.event(event).await;
        }
    }
}

/// What a driver's word is to the engine, if it is anything.
pub fn event(device: &DeviceId, message: FromMachine<Fact, TerminalEvent>) -> Option<Event> {
    let device = device.clone();
    Some(match message {
        FromMachine::Store(fact) => Event::Store { device, fact },
        FromMachine::Event(event) => Event::Terminal { device, event },
        FromMachine::LinkDown(reason) => Event::LinkLost { device, reason },
        // The driver says itself when the terminal behind the link is ready.
        FromMachine::LinkUp => return None,
    })
}

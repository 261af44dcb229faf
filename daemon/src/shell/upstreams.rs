//! Starts the deliveries to the invoicing systems.

use config::{Config, UpstreamKind};
use sync::{
    delivery,
    queue::Queue,
    upstream::{Upstream, ivvy::Ivvy},
};

use super::{Handle, WorkDue};

/// Starts one worker for each upstream.
pub(super) fn start(config: &Config, queue: &Queue, handle: &Handle, due: &mut Vec<WorkDue>) {
    for upstream in &config.upstreams {
        let wake = WorkDue::default();
        due.push(wake.clone());
        let system: Box<dyn Upstream> = match &upstream.kind {
            UpstreamKind::Ivvy { .. } => Box::new(Ivvy::new(upstream)),
        };
        todo_spawn(system, upstream, queue, handle, wake);
    }
}

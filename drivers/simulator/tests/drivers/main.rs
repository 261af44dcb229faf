//! The drivers against the simulated devices, in one process and in virtual time.

#[cfg(test)]
mod adyen;
#[cfg(test)]
mod adyen_https;
#[cfg(test)]
mod caisse_ap;
#[cfg(test)]
mod concert;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod ecr17;
#[cfg(test)]
mod escpos;
#[cfg(test)]
mod escpos_paper;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod unasked;
#[cfg(test)]
mod world;
#[cfg(test)]
mod zvt;
#[cfg(test)]
mod zvt_traces;

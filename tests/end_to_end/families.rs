//! One day at the desk for each family of terminals: the real daemon, its simulated terminal behind
//! a real wire, and what the patient, the paper and the books say afterwards.

mod adyen;
mod france;
mod italy;

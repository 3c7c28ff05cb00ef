//! Gives a deployed stack its first values: `docs/DEPLOYMENT_CHECKLIST.md` says when and with what
//! environment. It prints names, never values.

use shared::config::{Config, environment};
use shared::{Env, lambda};

fn main() {
    let made = match Config::read(environment) {
        Ok(config) => run(config),
        Err(wrong) => Err(wrong),
    };
    #[expect(clippy::print_stdout, reason = "it speaks to whoever deploys")]
    match made {
        Ok(names) if names.is_empty() => println!("Everything was there already."),
        Ok(names) => println!("Secrets with their first value: {}.", names.join(", ")),
        Err(wrong) => {
            println!("The stack could not be prepared: {wrong}");
            std::process::exit(1);
        }
    }
}

fn run(config: Config) -> Result<Vec<&'static str>, String> {
    let env = Env::new("prepare", lambda::host(config));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| cause.to_string())?;
    let made = runtime.block_on(shared::prepare::prepare(&env));
    made.map_err(|error| error.to_string())
}

//! What the image's configuration says that it runs.

use crate::closure::script::Environment;
use crate::oci::RunConfig;

/// A command line of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// For people: `entry point`, `command`, `health check`, `shell`.
    pub what: &'static str,
    /// Program and arguments.
    pub words: Vec<String>,
    /// Whether the image is broken when the program is not there.
    pub required: bool,
}

/// What is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The command lines.
    pub commands: Vec<Command>,
    /// Environment.
    pub variables: Vec<(String, String)>,
    /// What commands find around themselves: `PATH`, working directory.
    pub environment: Environment,
    /// Directories that the program finds there: its own, volumes.
    pub directories: Vec<(&'static str, Vec<u8>)>,
    /// `user[:group]`.
    pub user: String,
}

impl Launch {
    /// Reads the configuration.
    pub fn of(config: &RunConfig) -> Self {
        let variables: Vec<(String, String)> = config
            .env
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let assignments = config.env.iter().map(String::as_bytes);
        let environment = Environment::new(assignments, config.working_dir.as_bytes());
        let mut directories = Vec::new();
        if !config.working_dir.is_empty() {
            directories.push(("working directory", environment.directory.clone()));
        }
        for volume in config.volumes.keys() {
            directories.push(("volume", volume.clone().into_bytes()));
        }
        Launch {
            commands: commands(config),
            environment,
            directories,
            user: config.user.clone(),
            variables,
        }
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().rfind(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn commands(config: &RunConfig) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut add = |what, words: Vec<String>, required| {
        if words.first().is_some_and(|word| !word.is_empty()) {
            commands.push(Command {
                what,
                words,
                required,
            });
        }
    };
    match config.entrypoint.is_empty() {
        true => add("command", config.cmd.clone(), true),
        false => {
            let whole = [config.entrypoint.as_slice(), &config.cmd].concat();
            add("entry point", whole, true);
            // Entry points often run their arguments.
            add("command", config.cmd.clone(), false);
        }
    }
    if let Some(words) = config.health_command() {
        add("health check", words, false);
    }
    add("shell", config.shell.clone(), false);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::ImageConfig;

    fn launch(config: &str) -> Launch {
        let text = format!(r#"{{"config":{config}}}"#);
        Launch::of(&ImageConfig::parse(text.as_bytes()).unwrap().config)
    }

    #[test]
    fn what_is_run() {
        let launch = launch(
            r#"{"Entrypoint":["/run.sh"],"Cmd":["app","-v"],"WorkingDir":"srv","User":"1:2",
            "Env":["PATH=/opt/bin:/bin","A=b=c"],"Volumes":{"/data":{}},
            "Healthcheck":{"Test":["CMD-SHELL","curl x | grep y"]}}"#,
        );
        let lines: Vec<(&str, String)> = launch
            .commands
            .iter()
            .map(|command| (command.what, command.words.join(" ")))
            .collect();
        let line = |what, words: &str| (what, words.to_owned());
        assert_eq!(
            lines,
            [
                line("entry point", "/run.sh app -v"),
                line("command", "app -v"),
                line("health check", "/bin/sh -c curl x | grep y"),
            ]
        );
        assert_eq!(launch.environment.directory, b"/srv");
        assert_eq!(
            launch.environment.path,
            [b"/opt/bin".to_vec(), b"/bin".to_vec()]
        );
        assert_eq!(launch.variable("A"), Some("b=c"));
        assert_eq!(launch.directories.len(), 2);
    }

    #[test]
    fn nothing_is_run() {
        assert!(launch("{}").commands.is_empty());
        assert!(
            launch(r#"{"Cmd":[""],"Healthcheck":{"Test":["NONE"]}}"#)
                .commands
                .is_empty()
        );
    }
}

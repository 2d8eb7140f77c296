//! Stages, and what an instruction inherits from those above it: shell,
//! working directory, user and variables, through in-file parents as well.

use hashbrown::HashMap;

use super::instruction::{Arguments, Instruction, Pair};

/// Parents that are followed; a longer chain of stages is nobody's Dockerfile.
const CHAIN_LIMIT: usize = 256;

/// From a FROM to the next.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Number, from 0.
    pub index: usize,
    /// Index of its FROM.
    pub from: usize,
    /// Index after its last instruction.
    pub end: usize,
    /// Its name in lower case.
    pub name: Option<String>,
    /// The earlier stage that it is built on.
    pub parent: Option<usize>,
    /// SHELL, WORKDIR and USER in effect at its end.
    last: Effect,
    /// Instructions that set a variable, for each name.
    variables: HashMap<String, Vec<Setting>>,
    /// The ENVs among them.
    envs: HashMap<String, Vec<Setting>>,
}

/// Indexes of the instructions that are in effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effect {
    /// SHELL.
    pub shell: Option<usize>,
    /// WORKDIR.
    pub workdir: Option<usize>,
    /// USER.
    pub user: Option<usize>,
}

/// Where a variable is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The instruction.
    pub instruction: usize,
    /// Which of its pairs.
    pub pair: usize,
    /// ENV rather than ARG.
    pub env: bool,
}

/// Stages and inherited state of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The stages.
    pub stages: Vec<Stage>,
    stage_of: Vec<Option<usize>>,
    effects: Vec<Effect>,
    globals: HashMap<String, Setting>,
    /// The stages of each name, in order.
    by_name: HashMap<String, Vec<usize>>,
}

impl Model {
    /// Reads the stages from the instructions.
    pub fn of(instructions: &[Instruction]) -> Self {
        let mut model = Model::default();
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut effect = Effect::default();
        for (i, instruction) in instructions.iter().enumerate() {
            if let Arguments::From { image, alias, .. } = &instruction.arguments {
                model.close(i, effect);
                let parent = names.get(&image.text.to_lowercase()).copied();
                let index = model.stages.len();
                effect = parent
                    .and_then(|p| model.stages.get(p))
                    .map_or_else(Effect::default, |p| p.last);
                let name = alias.as_ref().map(|alias| alias.text.to_lowercase());
                if let Some(name) = &name {
                    names.insert(name.clone(), index);
                    model.by_name.entry(name.clone()).or_default().push(index);
                }
                model.stages.push(Stage {
                    index,
                    from: i,
                    end: instructions.len(),
                    name,
                    parent,
                    last: effect,
                    variables: HashMap::new(),
                    envs: HashMap::new(),
                });
            } else if instruction.keyword == super::Keyword::From {
                // A broken FROM still begins a stage, of which nothing is known.
                model.close(i, effect);
                effect = Effect::default();
                let index = model.stages.len();
                model.stages.push(Stage {
                    index,
                    from: i,
                    end: instructions.len(),
                    name: None,
                    parent: None,
                    last: effect,
                    variables: HashMap::new(),
                    envs: HashMap::new(),
                });
            }
            model.stage_of.push(model.stages.len().checked_sub(1));
            model.effects.push(effect);
            match &instruction.arguments {
                Arguments::Shell(_) => effect.shell = Some(i),
                Arguments::Workdir(_) => effect.workdir = Some(i),
                Arguments::User(_) => effect.user = Some(i),
                Arguments::Env { pairs, .. } => model.set(i, pairs, true),
                Arguments::Arg(pairs) => model.set(i, pairs, false),
                _ => {}
            }
        }
        model.close(instructions.len(), effect);
        model
    }

    fn close(&mut self, end: usize, effect: Effect) {
        if let Some(stage) = self.stages.last_mut() {
            stage.end = end;
            stage.last = effect;
        }
    }

    fn set(&mut self, instruction: usize, pairs: &[Pair], env: bool) {
        for (pair, set) in pairs.iter().enumerate() {
            let name = set.key.text.clone();
            let setting = Setting {
                instruction,
                pair,
                env,
            };
            match self.stages.last_mut() {
                Some(stage) => {
                    if env {
                        stage.envs.entry(name.clone()).or_default().push(setting);
                    }
                    stage.variables.entry(name).or_default().push(setting);
                }
                None => {
                    self.globals.insert(name, setting);
                }
            }
        }
    }

    /// The stage that an instruction is in; none above the first FROM.
    pub fn stage_of(&self, instruction: usize) -> Option<&Stage> {
        self.stages.get((*self.stage_of.get(instruction)?)?)
    }

    /// What is in effect when an instruction runs.
    pub fn effect(&self, instruction: usize) -> Effect {
        self.effects.get(instruction).copied().unwrap_or_default()
    }

    /// What is in effect at the end of a stage.
    pub fn last_effect(&self, stage: usize) -> Effect {
        self.stages
            .get(stage)
            .map_or_else(Effect::default, |stage| stage.last)
    }

    /// The ARG above the first FROM that sets a variable.
    pub fn global(&self, name: &str) -> Option<Setting> {
        self.globals.get(name).copied()
    }

    /// What sets a variable that an instruction sees: the nearest ENV or ARG
    /// above it in its stage, else in the stages it is built on.
    pub fn variable(&self, instruction: usize, name: &str) -> Option<Setting> {
        let Some(mut stage) = self.stage_of(instruction) else {
            return self
                .global(name)
                .filter(|setting| setting.instruction < instruction);
        };
        let before = |settings: &Vec<Setting>| {
            let end = settings.partition_point(|s| s.instruction < instruction);
            settings.get(..end)?.last().copied()
        };
        // ENV overrides ARG wherever it stands.
        let set = |stage: &Stage| {
            let env = stage.envs.get(name).and_then(before);
            env.or_else(|| stage.variables.get(name).and_then(before))
        };
        let own = set(stage);
        if own.is_some() {
            return own;
        }
        for _ in 0..CHAIN_LIMIT {
            stage = self.stages.get(stage.parent?)?;
            let inherited = set(stage);
            if inherited.is_some() {
                return inherited;
            }
        }
        None
    }

    /// Names of the variables that a stage itself sets.
    pub fn names_in(&self, stage: usize) -> impl Iterator<Item = (&str, &[Setting])> {
        let stage = self.stages.get(stage);
        let variables = stage.into_iter().flat_map(|stage| stage.variables.iter());
        variables.map(|(name, settings)| (name.as_str(), settings.as_slice()))
    }

    /// Names of the ARGs above the first FROM.
    pub fn global_names(&self) -> impl Iterator<Item = &str> {
        self.globals.keys().map(String::as_str)
    }

    /// The stage and those that it is built on, nearest first.
    pub fn lineage(&self, stage: usize) -> impl Iterator<Item = &Stage> {
        let first = self.stages.get(stage);
        std::iter::successors(first, |stage| self.stages.get(stage.parent?)).take(CHAIN_LIMIT)
    }

    /// The last stage above `instruction` of this name or number.
    pub fn find(&self, instruction: usize, name: &str) -> Option<&Stage> {
        let own = self.stage_of(instruction).map_or(0, |stage| stage.index);
        let earlier = self.stages.get(..own)?;
        let named = self.by_name.get(&name.to_lowercase()).and_then(|stages| {
            let end = stages.partition_point(|&stage| stage < own);
            earlier.get(*stages.get(..end)?.last()?)
        });
        named.or_else(|| earlier.get(name.parse::<usize>().ok()?))
    }
}

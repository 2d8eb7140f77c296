//! Many path patterns matched at once, component by component.
//!
//! A walk over a tree carries the states of its directory down to the
//! children, so each name is looked at once, whatever the number of patterns.
//! Components may hold `*`, `?` and `[…]`; a component `**` stands for any
//! number of components, and a trailing `/**` for everything below.

use globset::{GlobBuilder, GlobMatcher};
use hashbrown::HashMap;

/// A component pattern that is no literal.
#[derive(Debug, Clone)]
enum Wildcard {
    /// `*SUFFIX`, the common case.
    Suffix(Box<[u8]>),
    Glob(Box<GlobMatcher>),
}

impl Wildcard {
    fn parse(text: &str) -> Result<Self, globset::Error> {
        if let Some(suffix) = text.strip_prefix('*')
            && !suffix.contains(['*', '?', '[', '{', '\\'])
        {
            return Ok(Wildcard::Suffix(suffix.as_bytes().into()));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build()?;
        Ok(Wildcard::Glob(Box::new(glob.compile_matcher())))
    }

    fn matches(&self, name: &[u8]) -> bool {
        match self {
            Wildcard::Suffix(suffix) => name.ends_with(suffix),
            Wildcard::Glob(glob) => {
                use std::os::unix::ffi::OsStrExt;
                glob.is_match(std::ffi::OsStr::from_bytes(name))
            }
        }
    }
}

#[derive(Debug, Default, Clone)]
struct State {
    literals: HashMap<Box<[u8]>, u32>,
    wildcards: Vec<(Wildcard, u32)>,
    /// Reached through `**`: stays active below.
    stays: bool,
    /// The state after a `**` here.
    any_depth: Option<u32>,
    /// Rule of a pattern that ends here.
    ends: Option<usize>,
    /// Rule of a pattern that ends in `/**` here.
    below: Option<usize>,
}

/// Compiled patterns; each belongs to a rule by number, lower numbers first.
#[derive(Debug, Clone)]
pub struct PathMatcher {
    states: Vec<State>,
}

/// Where a walk is in all patterns; cheap to copy for each directory.
pub type States = Vec<u32>;

/// What a path matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The rule.
    pub rule: usize,
    /// Everything below matches too.
    pub subtree: bool,
}

impl Default for PathMatcher {
    fn default() -> Self {
        PathMatcher {
            states: vec![State::default()],
        }
    }
}

impl PathMatcher {
    /// Adds a pattern (relative to the root) for `rule`.
    ///
    /// # Errors
    /// When a component is no valid glob.
    pub fn add(&mut self, pattern: &str, rule: usize) -> Result<(), globset::Error> {
        let mut at = 0;
        let components: Vec<&str> = pattern.split('/').filter(|c| !c.is_empty()).collect();
        for (i, component) in components.iter().enumerate() {
            if *component == "**" {
                if i + 1 == components.len() {
                    let below = &mut self.states[at as usize].below;
                    *below = Some(below.map_or(rule, |known| known.min(rule)));
                    return Ok(());
                }
                at = match self.states[at as usize].any_depth {
                    Some(next) => next,
                    None => {
                        let next = self.new_state();
                        self.states[next as usize].stays = true;
                        self.states[at as usize].any_depth = Some(next);
                        next
                    }
                };
                continue;
            }
            at = self.next_state(at, component)?;
        }
        let ends = &mut self.states[at as usize].ends;
        *ends = Some(ends.map_or(rule, |known| known.min(rule)));
        Ok(())
    }

    fn next_state(&mut self, at: u32, component: &str) -> Result<u32, globset::Error> {
        if !component.contains(['*', '?', '[', '{', '\\']) {
            if let Some(&next) = self.states[at as usize].literals.get(component.as_bytes()) {
                return Ok(next);
            }
            let next = self.new_state();
            self.states[at as usize]
                .literals
                .insert(component.as_bytes().into(), next);
            return Ok(next);
        }
        let wildcard = Wildcard::parse(component)?;
        let next = self.new_state();
        self.states[at as usize].wildcards.push((wildcard, next));
        Ok(next)
    }

    fn new_state(&mut self) -> u32 {
        self.states.push(State::default());
        self.states.len() as u32 - 1
    }

    /// The states at the root.
    pub fn root(&self) -> States {
        let mut states = Vec::new();
        self.enter(0, &mut states);
        states
    }

    fn enter(&self, state: u32, states: &mut States) {
        if states.contains(&state) {
            return;
        }
        states.push(state);
        if let Some(next) = self.states[state as usize].any_depth {
            self.enter(next, states);
        }
    }

    /// From a directory's states to those of its child `name`, and what the
    /// child itself matches.
    pub fn step(&self, from: &States, name: &[u8], to: &mut States) -> Option<Match> {
        to.clear();
        let mut found: Option<Match> = None;
        let mut offer = |candidate: Match| {
            if found.is_none_or(|known| candidate.rule < known.rule) {
                found = Some(candidate);
            }
        };
        for &state in from {
            let at = &self.states[state as usize];
            if let Some(rule) = at.below {
                offer(Match {
                    rule,
                    subtree: true,
                });
            }
            if at.stays {
                self.enter(state, to);
            }
            let literal = at.literals.get(name).copied();
            let wild = at.wildcards.iter().filter(|(w, _)| w.matches(name));
            for next in literal.into_iter().chain(wild.map(|&(_, next)| next)) {
                self.enter(next, to);
                if let Some(rule) = self.states[next as usize].ends {
                    offer(Match {
                        rule,
                        subtree: false,
                    });
                }
            }
        }
        found
    }

    /// Whether everything below a directory in `states` matches a rule.
    pub fn below(&self, states: &States) -> Option<usize> {
        states
            .iter()
            .filter_map(|&state| self.states[state as usize].below)
            .min()
    }

    /// The rule that a whole path matches: of nested matches the outermost.
    pub fn rule_of(&self, path: &[u8]) -> Option<usize> {
        let mut states = self.root();
        let mut next = Vec::new();
        let mut names = path.split(|&b| b == b'/').peekable();
        while let Some(name) = names.next() {
            let found = self.step(&states, name, &mut next);
            match found {
                Some(found) if found.subtree || names.peek().is_none() => return Some(found.rule),
                _ => std::mem::swap(&mut states, &mut next),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        let mut matcher = PathMatcher::default();
        let patterns = [
            "var/lib/apt/lists/**",
            "home/*/.cache/pip/**",
            "**/__pycache__/**",
            "**/*.pyc",
            "var/log/*.log",
            "**/node_modules/.cache/**",
            "usr/lib/**/*.a",
        ];
        for (i, pattern) in patterns.iter().enumerate() {
            matcher.add(pattern, i).unwrap();
        }
        #[track_caller]
        fn check(matcher: &PathMatcher, path: &str, want: Option<usize>) {
            assert_eq!(matcher.rule_of(path.as_bytes()), want, "{path}");
        }
        check(&matcher, "var/lib/apt/lists/partial/x", Some(0));
        check(&matcher, "var/lib/apt/lists", None);
        check(&matcher, "var/lib/apt/listsx/y", None);
        check(&matcher, "home/me/.cache/pip/a/b", Some(1));
        check(&matcher, "home/me/too/.cache/pip/a", None);
        check(&matcher, "usr/lib/python3/__pycache__/a.pyc", Some(2));
        check(&matcher, "a.pyc", Some(3));
        check(&matcher, "opt/x/a.pyc", Some(3));
        check(&matcher, "var/log/dpkg.log", Some(4));
        check(&matcher, "var/log/apt/term.log", None);
        check(&matcher, "app/node_modules/.cache/x", Some(5));
        check(&matcher, "usr/lib/x86_64-linux-gnu/libc.a", Some(6));
        check(&matcher, "usr/lib/libc.a", Some(6));
        check(&matcher, "usr/libc.a", None);
    }
}

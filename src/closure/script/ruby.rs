//! What Ruby sources load.

use super::environment::{Environment, clean};
use super::source::{MAX_SOURCE, Needs, behind, directories, quoted};
use crate::closure::files::{Files, Kind, join, split};
use crate::closure::{Need, NeedKind};

/// Where Debian, Alpine and builds under `/usr/local` keep libraries.
const PLACES: &[&str] = &[
    "/usr/local/lib/site_ruby",
    "/usr/local/lib/site_ruby/*",
    "/usr/local/lib/ruby/*",
    "/usr/local/lib/ruby/*/*",
    "/usr/local/lib/*/site_ruby",
    "/usr/lib/ruby/*",
    "/usr/lib/ruby/*/*",
    "/usr/lib/*/ruby/*",
    "/usr/lib/*/ruby/*/*",
];

/// Where gems are installed.
const HOMES: &[&str] = &[
    "/usr/local/bundle",
    "/usr/local/bundle/ruby/*",
    "/usr/local/lib/ruby/gems/*",
    "/usr/lib/ruby/gems/*",
    "/usr/lib/*/ruby/gems/*",
    "/usr/share/rubygems-integration/*",
    "/usr/lib/*/rubygems-integration/*",
    "/var/lib/gems/*",
    "/root/.gem/ruby/*",
    "/root/.local/share/gem/ruby/*",
    "/opt/bundle/ruby/*",
];

/// More gems are not looked at.
const MAX_GEMS: usize = 16_384;

/// The directories of Ruby libraries and the gems that an image has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Libraries {
    /// Absolute paths of what is in `$LOAD_PATH`.
    pub directories: Vec<Vec<u8>>,
    /// The gems.
    pub gems: Vec<Gem>,
}

/// An installed gem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gem {
    /// Where it is installed, the directory with `gems` and `specifications`.
    pub home: Vec<u8>,
    /// Its name and version with a hyphen between.
    pub name: Vec<u8>,
    /// Whether it has files of its own in `gems`.
    has_files: bool,
}

impl Libraries {
    /// Looks for the usual directories and those of `RUBYLIB`, `GEM_HOME` and `GEM_PATH`.
    pub fn find(files: &dyn Files, env: &Environment) -> Self {
        let of = |name: &str| -> Vec<Vec<u8>> {
            let lists = env.variable(name).into_iter();
            lists
                .flat_map(|list| list.split(|b| *b == b':'))
                .filter(|dir| !dir.is_empty())
                .map(|dir| env.absolute(dir))
                .collect()
        };
        let mut all = of("RUBYLIB");
        for place in PLACES {
            all.extend(directories(files, place));
        }
        let mut homes = [of("GEM_HOME"), of("GEM_PATH")].concat();
        for place in HOMES {
            homes.extend(directories(files, place));
        }
        let vendored = String::from_utf8_lossy(&env.absolute(b"vendor/bundle/ruby")).into_owned();
        homes.extend(directories(files, &format!("{vendored}/*")));
        for list in [&mut all, &mut homes] {
            list.sort();
            list.dedup();
        }
        let gems = homes.iter().flat_map(|home| gems(files, home));
        Self {
            directories: all,
            gems: gems.take(MAX_GEMS).collect(),
        }
    }
}

fn gems(files: &dyn Files, home: &[u8]) -> Vec<Gem> {
    let list = |dir: &[u8]| -> Vec<Vec<u8>> {
        let found = files.resolve(&join(home, dir));
        let children = found.map(|found| files.children(found.node));
        children
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .collect()
    };
    let mut names = list(b"gems");
    for name in list(b"specifications") {
        names.extend(name.strip_suffix(b".gemspec").map(<[u8]>::to_vec));
    }
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| Gem {
            has_files: files.resolve(&join(&join(home, b"gems"), &name)).is_some(),
            home: home.to_vec(),
            name,
        })
        .collect()
}

/// The libraries that a Ruby source at `path` loads: files, or whole gems with their
/// specification and compiled parts. A specification or a `Gemfile` names gems.
pub fn ruby(
    files: &dyn Files,
    text: &[u8],
    path: &[u8],
    libraries: &Libraries,
    env: &Environment,
) -> Vec<Need> {
    let text = text.get(..MAX_SOURCE).unwrap_or(text);
    let text = String::from_utf8_lossy(text);
    let mut scan = Scan {
        files,
        libraries,
        env,
        own: split(path).0,
        needs: Needs::default(),
    };
    let mut comment = false;
    for (line, number) in text.lines().zip(1u32..) {
        if line.trim_end() == "__END__" {
            break;
        }
        comment |= line.starts_with("=begin");
        if !comment && !line.trim_start().starts_with('#') {
            scan.line(line, number);
        }
        comment &= !line.starts_with("=end");
    }
    scan.needs.list
}

struct Scan<'a> {
    files: &'a dyn Files,
    libraries: &'a Libraries,
    env: &'a Environment,
    own: &'a [u8],
    needs: Needs,
}

impl Scan<'_> {
    fn line(&mut self, line: &str, number: u32) {
        for keyword in ["require", "load"] {
            for rest in behind(line, keyword) {
                if let Some((name, _)) = quoted(rest) {
                    self.feature(name, number);
                }
            }
        }
        for rest in behind(line, "require_relative") {
            if let Some((name, _)) = quoted(rest) {
                self.at(&join(self.own, name.as_bytes()), name, number);
            }
        }
        for rest in behind(line, "autoload") {
            let name = rest.split_once(',').and_then(|(_, rest)| quoted(rest));
            if let Some((name, _)) = name {
                self.feature(name, number);
            }
        }
        for keyword in ["gem", "add_dependency", "add_runtime_dependency"] {
            for rest in behind(line, keyword) {
                let name = quoted(rest).or_else(|| {
                    let (_, rest) = rest.split_once("%q<")?;
                    rest.split_once('>')
                });
                if let Some((name, _)) = name {
                    self.gem_named(name, number);
                }
            }
        }
    }

    /// A file at a path with or without its ending.
    fn at(&mut self, path: &[u8], name: &str, line: u32) -> bool {
        let before = self.needs.list.len();
        for ending in ["", ".rb", ".so"] {
            let mut path = path.to_vec();
            path.extend_from_slice(ending.as_bytes());
            self.needs
                .file(self.files, NeedKind::Loads, name, line, &path);
        }
        self.needs.list.len() > before
    }

    fn feature(&mut self, name: &str, line: u32) {
        let libraries = self.libraries;
        let count = libraries
            .directories
            .len()
            .saturating_add(libraries.gems.len());
        if !self.needs.ask(name, count.saturating_mul(3)) {
            return;
        }
        if name.starts_with(['/', '.']) {
            self.at(&self.env.absolute(name.as_bytes()), name, line);
            self.at(&join(self.own, name.as_bytes()), name, line);
            return;
        }
        for dir in &libraries.directories {
            self.at(&join(dir, name.as_bytes()), name, line);
        }
        for gem in libraries.gems.iter().filter(|gem| gem.has_files) {
            let lib = join(&join(&gem.home, b"gems"), &join(&gem.name, b"lib"));
            let has = ["", ".rb", ".so"].iter().any(|ending| {
                let path = clean(&join(&lib, format!("{name}{ending}").as_bytes()));
                let found = self.files.resolve(&path);
                found.is_some_and(|found| self.files.kind(found.node) == Kind::File)
            });
            if has {
                self.gem(gem, name, line);
            }
        }
    }

    fn gem_named(&mut self, name: &str, line: u32) {
        let libraries = self.libraries;
        for gem in &libraries.gems {
            let version = gem.name.strip_prefix(name.as_bytes());
            let version = version.and_then(|rest| rest.strip_prefix(b"-"));
            if version.is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit)) {
                self.gem(gem, name, line);
            }
        }
    }

    /// A gem is needed whole.
    fn gem(&mut self, gem: &Gem, name: &str, line: u32) {
        let key = [&gem.home, b"\0".as_slice(), &gem.name].concat();
        if !self.needs.ask(&String::from_utf8_lossy(&key), 8) {
            return;
        }
        let specification = [gem.name.as_slice(), b".gemspec"].concat();
        let mut paths = vec![
            join(&join(&gem.home, b"gems"), &gem.name),
            join(&join(&gem.home, b"specifications"), &specification),
        ];
        let extensions = String::from_utf8_lossy(&join(&gem.home, b"extensions")).into_owned();
        for dir in directories(self.files, &format!("{extensions}/*/*")) {
            paths.push(join(&dir, &gem.name));
        }
        for path in paths {
            if let Some(found) = self.files.resolve(&path) {
                self.needs.add(NeedKind::Loads, name, line, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    #[test]
    fn libraries_and_whole_gems_are_loaded() {
        let table: [(&str, &[&str]); 11] = [
            ("require 'set'", &["/usr/lib/ruby/3.1.0/set.rb"]),
            (
                "require(\"etc\")",
                &["/usr/lib/x86_64-linux-gnu/ruby/3.1.0/etc.so"],
            ),
            ("require 'rack/mock'", RACK),
            ("gem 'rack', '~> 2'", RACK),
            (
                "s.add_runtime_dependency(%q<rack>.freeze, [\"~> 2\"])",
                RACK,
            ),
            ("require_relative 'near'", &["/srv/near.rb"]),
            ("load './near.rb'", &["/srv/near.rb"]),
            ("autoload :Set, 'set'", &["/usr/lib/ruby/3.1.0/set.rb"]),
            ("# require 'set'", &[]),
            ("=begin\nrequire 'set'\n=end", &[]),
            ("__END__\nrequire 'set'", &[]),
        ];
        const RACK: &[&str] = &[
            "/var/lib/gems/3.1.0/extensions/x86_64-linux/3.1.0/rack-2.0",
            "/var/lib/gems/3.1.0/gems/rack-2.0",
            "/var/lib/gems/3.1.0/specifications/rack-2.0.gemspec",
        ];
        let mut files = Memory::new();
        for path in [
            "/usr/lib/ruby/3.1.0/set.rb",
            "/usr/lib/x86_64-linux-gnu/ruby/3.1.0/etc.so",
            "/var/lib/gems/3.1.0/gems/rack-2.0/lib/rack/mock.rb",
            "/var/lib/gems/3.1.0/gems/rack-test-1.0/lib/rack/test.rb",
            "/var/lib/gems/3.1.0/specifications/rack-2.0.gemspec",
            "/var/lib/gems/3.1.0/extensions/x86_64-linux/3.1.0/rack-2.0/x.so",
            "/srv/near.rb",
        ] {
            files.file(path, Vec::new());
        }
        let env = Environment::new([], b"/");
        let libraries = Libraries::find(&files, &env);
        for (text, expected) in table {
            let needs = ruby(&files, text.as_bytes(), b"/srv/x.rb", &libraries, &env);
            let mut paths: Vec<String> = needs
                .iter()
                .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
                .collect();
            paths.sort();
            assert_eq!(paths, expected, "{text}");
        }
    }
}

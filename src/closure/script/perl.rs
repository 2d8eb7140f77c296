//! What Perl sources load.

use super::environment::{Environment, clean};
use super::source::{MAX_SOURCE, Needs, behind, directories, quoted, words};
use crate::closure::files::{Files, Kind, join, split};
use crate::closure::{Need, NeedKind};

/// Where Debian, Alpine, Fedora and builds under `/usr/local` keep modules.
const PLACES: &[&str] = &[
    "/etc/perl",
    "/usr/local/lib/*/perl/*",
    "/usr/local/share/perl/*",
    "/usr/local/lib/site_perl",
    "/usr/local/lib/perl5/*",
    "/usr/local/lib/perl5/*/*",
    "/usr/local/lib/perl5/*/*/*",
    "/usr/local/share/perl5",
    "/usr/local/share/perl5/*",
    "/usr/lib/*/perl5/*",
    "/usr/lib/*/perl-base",
    "/usr/lib/*/perl/*",
    "/usr/share/perl/*",
    "/usr/share/perl5",
    "/usr/share/perl5/vendor_perl",
    "/usr/share/perl5/core_perl",
    "/usr/lib/perl5/vendor_perl",
    "/usr/lib/perl5/core_perl",
    "/usr/lib/perl5/site_perl",
    "/usr/lib64/perl5",
    "/usr/lib64/perl5/vendor_perl",
];

/// Entries of the directory of a compiled module.
const MAX_PARTS: usize = 1024;

/// The directories of Perl modules that an image has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Libraries {
    /// Absolute paths.
    pub directories: Vec<Vec<u8>>,
}

impl Libraries {
    /// Looks for the usual directories and those of `PERL5LIB`.
    pub fn find(files: &dyn Files, env: &Environment) -> Self {
        let mut all: Vec<Vec<u8>> = env
            .variable("PERL5LIB")
            .into_iter()
            .flat_map(|list| list.split(|b| *b == b':'))
            .filter(|dir| !dir.is_empty())
            .map(|dir| env.absolute(dir))
            .collect();
        for place in PLACES {
            all.extend(directories(files, place));
        }
        all.sort();
        all.dedup();
        Self { directories: all }
    }
}

/// The modules and files that a Perl source at `path` loads, and the compiled parts of modules.
///
/// `use`, `no`, `require` and `do` count, and every name with `::` that is a module's.
pub fn perl(
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
        directories: libraries.directories.clone(),
        env,
        own: split(path).0,
        needs: Needs::default(),
    };
    for at_start in [true, false] {
        for (line, number) in code(&text) {
            if at_start {
                scan.directories_of(line);
            } else {
                scan.line(line, number);
            }
        }
    }
    scan.needs.list
}

/// The lines without documentation, comments and here-documents.
fn code(text: &str) -> impl Iterator<Item = (&str, u32)> {
    let mut pod = false;
    let mut heredoc: Option<&str> = None;
    text.lines()
        .zip(1u32..)
        .take_while(|(line, _)| !matches!(line.trim_end(), "__END__" | "__DATA__"))
        .filter(move |(line, _)| {
            if let Some(end) = heredoc {
                if line.trim() == end {
                    heredoc = None;
                }
                return false;
            }
            if pod || line.starts_with('=') {
                let directive = line.strip_prefix('=');
                let starts = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
                pod = !line.starts_with("=cut") && (pod || directive.is_some_and(starts));
                return false;
            }
            heredoc = heredoc_end(line);
            !line.trim_start().starts_with('#')
        })
}

/// The word that ends the here-document of a line.
fn heredoc_end(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<<")?;
    let rest = rest.strip_prefix('~').unwrap_or(rest);
    if let Some((end, _)) = quoted(rest) {
        return Some(end).filter(|end| !end.is_empty());
    }
    let end = words(rest, &[]).next()?;
    // A shift has a blank or a number behind it.
    let named = rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    named.then_some(end)
}

struct Scan<'a> {
    files: &'a dyn Files,
    directories: Vec<Vec<u8>>,
    env: &'a Environment,
    /// The directory of the source.
    own: &'a [u8],
    needs: Needs,
}

impl Scan<'_> {
    /// `use lib '…'`.
    fn directories_of(&mut self, line: &str) {
        for rest in behind(line, "use").filter_map(|rest| rest.strip_prefix("lib")) {
            for text in rest.split(['"', '\'', '(', ')', ' ', ',', ';']) {
                let own = ["$FindBin::Bin", "$FindBin::RealBin", "$Bin", "$RealBin"];
                let path = own.iter().find_map(|name| text.strip_prefix(name));
                let path = match path {
                    Some(path) => join(self.own, path.trim_start_matches('/').as_bytes()),
                    None => self.env.absolute(text.as_bytes()),
                };
                if !text.is_empty() && self.directories.len() < 1024 && text != "qw" {
                    self.directories.push(clean(&path));
                }
            }
        }
    }

    fn line(&mut self, line: &str, number: u32) {
        for keyword in ["use", "no", "require", "do"] {
            for rest in behind(line, keyword) {
                if let Some((path, _)) = quoted(rest) {
                    self.path(path, number);
                }
                let Some(module) = words(rest, &[':']).next() else {
                    continue;
                };
                self.module(module, number);
                if matches!(module, "parent" | "base" | "aliased" | "superclass") {
                    words(rest, &[':']).for_each(|word| self.module(word, number));
                }
            }
        }
        if line.contains("::") {
            for word in words(line, &[':']).filter(|word| word.contains("::")) {
                self.module(word, number);
                if let Some((module, _)) = word.rsplit_once("::") {
                    self.module(module, number);
                }
            }
        }
    }

    fn module(&mut self, name: &str, line: u32) {
        let name = name.trim_matches(':');
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !named || !self.needs.ask(name, self.directories.len()) {
            return;
        }
        let path = name.replace("::", "/");
        let last = path.rsplit('/').next().unwrap_or_default();
        let mut found = false;
        for dir in &self.directories {
            if let Some(module) = self
                .files
                .resolve(&clean(&join(dir, format!("{path}.pm").as_bytes())))
            {
                found = true;
                self.needs.add(NeedKind::Loads, name, line, module);
            }
        }
        if !found {
            return;
        }
        for dir in self.directories.clone() {
            let parts = clean(&join(&dir, format!("auto/{path}").as_bytes()));
            let Some(parts_dir) = self.files.resolve(&parts) else {
                continue;
            };
            if self.files.kind(parts_dir.node) != Kind::Directory {
                continue;
            }
            for (entry, _) in self
                .files
                .children(parts_dir.node)
                .into_iter()
                .take(MAX_PARTS)
            {
                let compiled = entry == format!("{last}.so").as_bytes();
                if compiled || entry.ends_with(b".al") || entry.ends_with(b".ix") {
                    let path = join(&parts, &entry);
                    self.needs
                        .file(self.files, NeedKind::Loads, name, line, &path);
                }
            }
        }
    }

    fn path(&mut self, path: &str, line: u32) {
        if !self.needs.ask(path, self.directories.len()) {
            return;
        }
        let mut paths = vec![self.env.absolute(path.as_bytes())];
        if !path.starts_with('/') {
            let dirs = self.directories.iter().map(Vec::as_slice);
            let dirs = dirs.chain(std::iter::once(self.own));
            paths.extend(dirs.map(|dir| join(dir, path.as_bytes())));
        }
        for place in paths {
            self.needs
                .file(self.files, NeedKind::Loads, path, line, &place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::memory::Memory;

    #[test]
    fn modules_files_and_their_compiled_parts_are_loaded() {
        let table: [(&str, &[&str]); 14] = [
            ("use Foo::Bar;", FOO),
            ("use Foo::Bar qw(x), 1.2;", FOO),
            ("eval { require Foo::Bar; 1 };", FOO),
            (
                "use Foo::Bar (); use Old;",
                &[FOO[0], FOO[1], "/usr/share/perl5/Old.pm"],
            ),
            (
                "use parent -norequire, qw(Old);",
                &["/usr/share/perl5/Old.pm"],
            ),
            ("my $c = 'Foo::Bar'; $c->new", FOO),
            ("Foo::Bar::run(1);", FOO),
            ("require \"old.pl\";", &["/usr/share/perl5/old.pl"]),
            (
                "use lib \"$FindBin::Bin/../lib\"; use Mine;",
                &["/srv/lib/Mine.pm"],
            ),
            ("use lib '/srv/lib';\nuse Mine;", &["/srv/lib/Mine.pm"]),
            ("# use Old;", &[]),
            ("=pod\n\nuse Old;\n\n=cut\nuse None;", &[]),
            ("__END__\nuse Old;", &[]),
            ("print <<EOF;\nuse Old;\nEOF\n", &[]),
        ];
        const FOO: &[&str] = &[
            "/usr/lib/x86_64-linux-gnu/perl5/5.36/Foo/Bar.pm",
            "/usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Foo/Bar/Bar.so",
        ];
        let mut files = Memory::new();
        for path in FOO.iter().chain(&[
            "/usr/share/perl5/Old.pm",
            "/usr/share/perl5/old.pl",
            "/srv/bin/x",
            "/srv/lib/Mine.pm",
        ]) {
            files.file(path, Vec::new());
        }
        let env = Environment::new([], b"/");
        let libraries = Libraries::find(&files, &env);
        for (text, expected) in table {
            let needs = perl(&files, text.as_bytes(), b"/srv/bin/x", &libraries, &env);
            let mut paths: Vec<String> = needs
                .iter()
                .map(|need| String::from_utf8(files.path(need.found.node)).unwrap())
                .collect();
            paths.sort();
            assert_eq!(paths, expected, "{text}");
        }
    }
}

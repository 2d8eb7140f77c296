//! Commands as Dockerfiles have them: each parses without errors.

use super::test_property::checked;
use super::{Dialect, commands};

/// A line and the names of its commands in order.
const LINES: [(&str, &str); 66] = [
    (
        "apt-get update && apt-get install -y --no-install-recommends curl ca-certificates && rm -rf /var/lib/apt/lists/*",
        "apt-get apt-get rm",
    ),
    (
        "set -eux; apt-get update; apt-get install -y wget; rm -rf /var/lib/apt/lists/*",
        "set apt-get apt-get rm",
    ),
    (
        "set -ex && apk add --no-cache --virtual .build-deps gcc musl-dev && pip install x && apk del .build-deps",
        "set apk pip apk",
    ),
    (
        "arch=\"$(dpkg --print-architecture)\"; case \"$arch\" in amd64) u=x64 ;; arm64|aarch64) u=arm64 ;; *) echo >&2 \"unsupported: $arch\"; exit 1 ;; esac; curl -fsSL \"https://x/$u\" -o /y",
        " dpkg   echo exit curl",
    ),
    (
        "curl -fsSL https://deb.nodesource.com/setup_18.x | bash -",
        "curl bash",
    ),
    (
        "curl -sSL https://x.org/a.tar.gz | tar -xzC /usr/local --strip-components=1",
        "curl tar",
    ),
    (
        "wget -qO- https://x.org/key.asc | gpg --dearmor > /usr/share/keyrings/x.gpg",
        "wget gpg",
    ),
    (
        "echo \"deb [signed-by=/k.gpg] https://x $(lsb_release -cs) main\" > /etc/apt/sources.list.d/x.list",
        "echo lsb_release",
    ),
    (
        "if [ \"$ENV\" = \"dev\" ]; then npm install; else npm ci --only=production; fi",
        "[ npm npm",
    ),
    (
        "if [ -n \"${X:-}\" ]; then echo y; fi && echo z",
        "[ echo echo",
    ),
    (
        "if ! getent group app >/dev/null 2>&1; then groupadd -r app; fi",
        "getent groupadd",
    ),
    (
        "for i in 1 2 3; do curl -f x && break || sleep 5; done",
        "curl break sleep",
    ),
    (
        "for f in /docker/*.sh; do chmod +x \"$f\"; sh \"$f\"; done",
        "chmod sh",
    ),
    (
        "while read -r p; do pip install \"$p\"; done < requirements.txt",
        "read pip",
    ),
    ("until pg_isready; do sleep 1; done", "pg_isready sleep"),
    (
        "groupadd -r redis && useradd -r -g redis redis",
        "groupadd useradd",
    ),
    (
        "cd /tmp && git clone --depth 1 https://github.com/a/b.git && cd b && make -j\"$(nproc)\" && make install",
        "cd git cd make nproc make",
    ),
    ("make -j$(($(nproc)+1)) all", "make nproc"),
    (
        "export GNUPGHOME=\"$(mktemp -d)\"; gpg --batch --keyserver x --recv-keys \"$K\"; rm -rf \"$GNUPGHOME\"",
        "export mktemp gpg rm",
    ),
    (
        "find /usr/local -depth \\( -type d -a \\( -name test -o -name tests \\) \\) -exec rm -rf '{}' +",
        "find",
    ),
    ("find / -name '*.pyc' -exec rm -f {} \\;", "find"),
    (
        "dpkg-query -W -f='${Package}\\n' | xargs echo",
        "dpkg-query xargs",
    ),
    (
        "sed -i 's/^#\\(.*\\)$/\\1/g' /etc/x && sed -i \"s|a|${B}|\" y",
        "sed sed",
    ),
    (
        "awk '{print $1}' /etc/passwd | sort -u | head -n1",
        "awk sort head",
    ),
    (
        "echo 'a b' >> /etc/x; echo -e \"c\\nd\" | tee -a /etc/y",
        "echo echo tee",
    ),
    ("{ echo a; echo b; } > /etc/conf", "echo echo"),
    ("(cd /src && make) && rm -rf /src", "cd make rm"),
    ("[ -d /x ] || mkdir -p /x", "[ mkdir"),
    ("[[ $X == a* && -f /y ]] && echo z", "echo"),
    ("test -f /x && . /x", "test ."),
    (
        "mkdir -p /app/{a,b,c} && chown -R 1000:1000 /app",
        "mkdir chown",
    ),
    ("PYTHON=/usr/bin/python3 make install DESTDIR=/x", "make"),
    (
        "DEBIAN_FRONTEND=noninteractive apt-get install -y tzdata",
        "apt-get",
    ),
    (
        "set -o pipefail && wget -O - https://x | wc -l > /n",
        "set wget wc",
    ),
    (
        "ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log",
        "ln ln",
    ),
    (
        "savedAptMark=\"$(apt-mark showmanual)\"; apt-mark auto '.*' > /dev/null; [ -z \"$savedAptMark\" ] || apt-mark manual $savedAptMark",
        " apt-mark apt-mark [ apt-mark",
    ),
    (
        "find /usr/local -type f -executable -not \\( -name '*tkinter*' \\) -exec ldd '{}' ';' | awk '/=>/ { print $(NF-1) }' | sort -u | xargs -r dpkg-query --search | cut -d: -f1",
        "find awk sort xargs cut",
    ),
    (
        "fetchDeps=' ca-certificates wget '; apt-get install $fetchDeps",
        " apt-get",
    ),
    (
        "url= ; case \"${arch##*-}\" in 'amd64') url='https://a' ;; esac; wget \"$url\"",
        "  wget",
    ),
    ("echo \"${SHA} *x.tgz\" | sha256sum -c -", "echo sha256sum"),
    ("sha256sum --check --strict <<< \"abc  x\"", "sha256sum"),
    ("diff <(sort a) <(sort b)", "diff sort sort"),
    (
        "npm config set registry $REG; npm i -g yarn@^1.22 @scope/x",
        "npm npm",
    ),
    ("pip install 'requests>=2.0' \"flask[async]\" 'x<3'", "pip"),
    ("python3 -c 'import sys; print(sys.version)'", "python3"),
    (
        "python - <<'PY'\nprint(\"it's\")\nPY\necho ok",
        "python echo",
    ),
    (
        "cat <<EOF > /etc/x\na=$(hostname)\nEOF\nchmod 600 /etc/x",
        "cat hostname chmod",
    ),
    ("cat <<-EOF | sh\n\techo hi\n\tEOF", "cat sh"),
    (
        "set -e\napt-get update\n# comment\napt-get install -y \\\n  git \\\n  vim\n",
        "set apt-get apt-get",
    ),
    (
        "useradd -m app && echo 'app ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers",
        "useradd echo",
    ),
    ("V=`cat /version` && echo $V", " cat echo"),
    ("echo `basename \\`pwd\\``", "echo basename pwd"),
    (
        "ver=\"${VERSION%%-*}\"; maj=\"${ver%.*}\"; min=\"${ver#*.}\"; echo \"${maj:-0}.${min:-1}\"",
        "   echo",
    ),
    (
        "[ \"$(uname -m)\" = x86_64 ] && A=amd64 || A=arm64; echo $A",
        "[ uname   echo",
    ),
    ("nohup /srv & sleep 5; kill %1", "nohup sleep kill"),
    (
        "/bin/bash -c \"source /opt/ros/setup.bash && colcon build\"",
        "/bin/bash",
    ),
    (
        "conda install -y python=3.8 && conda clean -afy",
        "conda conda",
    ),
    (
        "go build -ldflags \"-X main.v=$(git describe --tags)\" -o /bin/app ./...",
        "go git",
    ),
    (
        "retry() { for i in 1 2 3; do \"$@\" && return; sleep 1; done; return 1; }; retry apt-get update",
        " return sleep return retry",
    ),
    (
        "function log { echo \"[$(date)] $*\"; }; log hi",
        "echo date log",
    ),
    (
        "if [ $? -ne 0 ]; then exit 1; elif [ -e x ]; then :; fi",
        "[ exit [ :",
    ),
    ("echo $'a\\tb\\'c' | cut -f2", "echo cut"),
    (
        "yes | sdkmanager --licenses >/dev/null || true",
        "yes sdkmanager true",
    ),
    ("rm -rf /tmp/* /var/tmp/* ~/.cache /root/.[a-z]*", "rm"),
    (
        "a=(x y); for i in \"${a[@]}\"; do echo \"${#a[@]} ${i^^}\"; done",
        " echo",
    ),
    (
        "case \"$(uname -m)\" in (x86_64) echo a;; (*) echo b;; esac | tee /x 2>&1 | cat",
        "uname echo echo tee cat",
    ),
];

#[test]
fn realistic_lines() {
    for (line, wanted) in LINES {
        for dialect in [Dialect::Posix, Dialect::Bash] {
            for text in [line.to_owned(), line.replace('\n', "\r\n")] {
                let script = checked(&text, dialect);
                assert_eq!(script.errors, [], "{text}");
                let names: Vec<_> = commands(&script)
                    .iter()
                    .map(|v| v.command.name().unwrap_or_default().into_owned())
                    .collect();
                assert_eq!(names.join(" "), wanted, "{text}");
            }
        }
    }
}

#[test]
fn truncated_lines() {
    for (line, _) in LINES {
        for (end, _) in line.char_indices() {
            checked(&line[..end], Dialect::Bash);
        }
    }
}

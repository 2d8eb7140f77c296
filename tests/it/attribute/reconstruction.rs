//! Dockerfiles made from history.

use rslim::attribute::{Meaning, reconstruct};
use rslim::dockerfile::{self, Keyword};

use super::answers::history;
use super::cases;

#[test]
fn what_is_reconstructed_can_be_parsed() {
    for case in cases() {
        let made = dockerfile::parse(reconstruct(&case.build.history, None));
        assert_eq!(made.errors, [], "{}:\n{}", case.name, made.text);
        let commands = |file: &dockerfile::Dockerfile| {
            let all = file.instructions.iter();
            all.filter(|i| i.keyword == Keyword::Run).count()
        };
        let entries = case.build.history.iter().map(Meaning::of);
        let is_run = |meaning: &Meaning| match meaning {
            Meaning::One(step) => step.keyword == Some(Keyword::Run),
            _ => false,
        };
        let runs = entries.filter(is_run);
        assert!(
            commands(&made) >= runs.count(),
            "{}:\n{}",
            case.name,
            made.text
        );
    }
}

#[test]
fn a_dockerfile_comes_back_from_history() {
    let made = history(&[
        "/bin/sh -c #(nop) ADD file:0123456789abcdef0123456789abcdef in / ",
        "-/bin/sh -c #(nop)  CMD [\"bash\"]",
        "-ENV A=x y B=$c",
        "-ARG V=1",
        "RUN |1 V=2 /bin/bash -o pipefail -c make $V\nmake install # buildkit",
        "|1 V=2 /bin/bash -o pipefail -c echo",
        "COPY --chown=1:2 a b /c/ # buildkit",
        "COPY <<EOF /d # buildkit",
        "-EXPOSE map[80/tcp:{}]",
        "-VOLUME [/a /b]",
        "-HEALTHCHECK &{[\"CMD-SHELL\" \"x || exit 1\"] \"5s\" \"0s\" \"0s\" \"0s\" '\\x03'}",
        "-ENTRYPOINT [\"/bin/sh\" \"-c\" \"say \\\"hi\\\"\"]",
        "ko build",
    ]);
    let want = r#"# Reconstructed from the history of an image; sources of COPY and ADD, mounts,
# and stages that were not shipped are not in it.
# The base image is not known; its steps are below, too.
FROM scratch
# ADD file:0123456789abcdef0123456789abcdef in /: history has only a digest of the source.
ADD unknown-file-0123456789ab /
CMD ["bash"]
ENV A="x y" B="\$c"
ARG V=1
ARG V=2
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN <<EOF
make $V
make install
EOF
RUN echo
COPY --chown=1:2 a b /c/
COPY <<EOF /d
EOF
EXPOSE 80/tcp
VOLUME ["/a", "/b"]
HEALTHCHECK --interval=5s --retries=3 CMD x || exit 1
ENTRYPOINT ["/bin/sh", "-c", "say \"hi\""]
# A layer that was made by: ko build
"#;
    assert_eq!(reconstruct(&made, None), want);
}

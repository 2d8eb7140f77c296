//! What differs between processors: the loader's usual path, its directories, the kinds of its
//! cache's entries and the old names of processor features.

use goblin::elf::header;

use super::object::{Class, Object, Order};

/// What an object must be to be loaded together with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub class: Class,
    pub order: Order,
    pub machine: u16,
    pub flags: u32,
}

/// What a loader makes of a file that it found.
pub(super) enum Verdict {
    /// It loads it.
    Fits,
    /// It goes on searching, as if the file were not there.
    Skip,
    /// It gives up.
    Refuse(&'static str),
}

/// A processor as the loaders know it.
#[derive(Debug)]
pub(super) struct Arch {
    machine: u16,
    class: Class,
    order: Option<Order>,
    /// The bits of `e_flags` that tell two rows apart, and what they have to be.
    flags: (u32, u32),
    /// The path of glibc's loader.
    pub glibc: &'static str,
    /// The name in `/lib/ld-musl-NAME.so.1`.
    pub musl: &'static str,
    /// Debian's name of the directory in `/lib` and `/usr/lib`.
    pub triplet: &'static str,
    /// The directory of other distributions: `lib64` or `lib`.
    pub lib: &'static str,
    /// The kinds of cache entries that the loader accepts; empty for all.
    pub cache: &'static [u32],
    /// `$PLATFORM`: first what most processors have.
    pub platforms: &'static [&'static str],
    /// Names of subdirectories that glibc before 2.37 searched for special processors.
    pub legacy: &'static [&'static str],
}

const ANY: (u32, u32) = (0, 0);
const EF_ARM_HARD: u32 = 0x400;
const EF_ARM_SOFT: u32 = 0x200;
const EF_PPC64_ABI: u32 = 3;
const X86: &[&str] = &["x86_64", "haswell", "xeon_phi"];
const X86_LEGACY: &[&str] = &["tls", "haswell", "xeon_phi", "avx512_1", "x86_64"];
const I386: &[&str] = &["i686", "i586", "i486", "i386", "haswell", "xeon_phi"];
const I386_LEGACY: &[&str] = &[
    "tls", "i686", "i586", "i486", "i386", "sse2", "nosegneg", "haswell", "xeon_phi", "cmov",
];
const ARM: &[&str] = &["v7l", "v8l", "v6l", "v5l", "v4l"];
const ARM_LEGACY: &[&str] = &["tls", "v7l", "v8l", "v6l", "v5l", "v4l", "neon", "vfp"];
const A64: &[&str] = &["aarch64"];
const A64_LEGACY: &[&str] = &["tls", "aarch64", "atomics"];
const PPC: &[&str] = &[
    "power8",
    "power9",
    "power10",
    "power7",
    "power6",
    "power6x",
    "power5+",
    "power5",
    "power4",
    "ppc970",
    "ppc-cell-be",
    "ppca2",
];
const PPC_LEGACY: &[&str] = &[
    "tls",
    "power4",
    "power5",
    "power5+",
    "power6",
    "power6x",
    "power7",
    "power8",
    "power9",
    "power10",
    "ppc970",
    "ppc-cell-be",
    "ppca2",
    "altivec",
    "vsx",
    "dfp",
    "arch_2_05",
    "arch_2_06",
    "arch_2_07",
    "arch_3_00",
];
const S390: &[&str] = &[
    "z13", "z14", "z15", "z16", "zEC12", "z196", "z10", "z9-109", "z990", "z900",
];
const S390_LEGACY: &[&str] = &[
    "tls", "z13", "z14", "z15", "z16", "zEC12", "z196", "z10", "z9-109", "z990", "z900", "zarch",
    "ldisp", "eimm", "dfp", "highgprs", "te", "vx",
];
const PLAIN_LEGACY: &[&str] = &["tls"];

use Class::{Bits32, Bits64};
use Order::{Big, Little};

/// A row; the tuples keep the table to two lines each.
const fn row(
    machine: u16,
    kind: (Class, Option<Order>, (u32, u32)),
    paths: (&'static str, &'static str, &'static str, &'static str),
    cache: &'static [u32],
    features: (&'static [&'static str], &'static [&'static str]),
) -> Arch {
    let (class, order, flags) = kind;
    let (glibc, musl, triplet, lib) = paths;
    let (platforms, legacy) = features;
    Arch {
        machine,
        class,
        order,
        flags,
        glibc,
        musl,
        triplet,
        lib,
        cache,
        platforms,
        legacy,
    }
}

const PLAIN: (&[&str], &[&str]) = (&[], PLAIN_LEGACY);
const EM_LOONGARCH: u16 = 258;

/// The first row that fits an object counts.
static ARCHES: &[Arch] = &[
    row(
        header::EM_X86_64,
        (Bits64, None, ANY),
        (
            "/lib64/ld-linux-x86-64.so.2",
            "x86_64",
            "x86_64-linux-gnu",
            "lib64",
        ),
        &[0x303],
        (X86, X86_LEGACY),
    ),
    row(
        header::EM_X86_64,
        (Bits32, None, ANY),
        (
            "/libx32/ld-linux-x32.so.2",
            "x32",
            "x86_64-linux-gnux32",
            "libx32",
        ),
        &[0x803],
        (X86, X86_LEGACY),
    ),
    row(
        header::EM_386,
        (Bits32, None, ANY),
        ("/lib/ld-linux.so.2", "i386", "i386-linux-gnu", "lib"),
        &[3, 1],
        (I386, I386_LEGACY),
    ),
    row(
        header::EM_AARCH64,
        (Bits64, Some(Little), ANY),
        (
            "/lib/ld-linux-aarch64.so.1",
            "aarch64",
            "aarch64-linux-gnu",
            "lib64",
        ),
        &[0xa03],
        (A64, A64_LEGACY),
    ),
    row(
        header::EM_AARCH64,
        (Bits64, Some(Big), ANY),
        (
            "/lib/ld-linux-aarch64_be.so.1",
            "aarch64_be",
            "aarch64_be-linux-gnu",
            "lib64",
        ),
        &[0xa03],
        (A64, A64_LEGACY),
    ),
    row(
        header::EM_ARM,
        (Bits32, None, (EF_ARM_HARD, EF_ARM_HARD)),
        (
            "/lib/ld-linux-armhf.so.3",
            "armhf",
            "arm-linux-gnueabihf",
            "lib",
        ),
        &[0x903],
        (ARM, ARM_LEGACY),
    ),
    row(
        header::EM_ARM,
        (Bits32, None, (EF_ARM_SOFT, EF_ARM_SOFT)),
        ("/lib/ld-linux.so.3", "arm", "arm-linux-gnueabi", "lib"),
        &[0xb03, 3],
        (ARM, ARM_LEGACY),
    ),
    row(
        header::EM_ARM,
        (Bits32, None, ANY),
        (
            "/lib/ld-linux-armhf.so.3",
            "armhf",
            "arm-linux-gnueabihf",
            "lib",
        ),
        &[0x903, 0xb03, 3],
        (ARM, ARM_LEGACY),
    ),
    row(
        header::EM_PPC64,
        (Bits64, Some(Little), ANY),
        (
            "/lib64/ld64.so.2",
            "powerpc64le",
            "powerpc64le-linux-gnu",
            "lib64",
        ),
        &[0x503],
        (PPC, PPC_LEGACY),
    ),
    row(
        header::EM_PPC64,
        (Bits64, Some(Big), ANY),
        (
            "/lib64/ld64.so.1",
            "powerpc64",
            "powerpc64-linux-gnu",
            "lib64",
        ),
        &[0x503],
        (PPC, PPC_LEGACY),
    ),
    row(
        header::EM_PPC,
        (Bits32, None, ANY),
        ("/lib/ld.so.1", "powerpc", "powerpc-linux-gnu", "lib"),
        &[3, 1],
        (PPC, PPC_LEGACY),
    ),
    row(
        header::EM_S390,
        (Bits64, None, ANY),
        ("/lib/ld64.so.1", "s390x", "s390x-linux-gnu", "lib64"),
        &[0x403],
        (S390, S390_LEGACY),
    ),
    row(
        header::EM_S390,
        (Bits32, None, ANY),
        ("/lib/ld.so.1", "s390", "s390-linux-gnu", "lib"),
        &[3, 1],
        (S390, S390_LEGACY),
    ),
    row(
        header::EM_RISCV,
        (Bits64, None, ANY),
        (
            "/lib/ld-linux-riscv64-lp64d.so.1",
            "riscv64",
            "riscv64-linux-gnu",
            "lib64/lp64d",
        ),
        &[0x1003, 0xf03],
        PLAIN,
    ),
    row(
        EM_LOONGARCH,
        (Bits64, None, ANY),
        (
            "/lib64/ld-linux-loongarch-lp64d.so.1",
            "loongarch64",
            "loongarch64-linux-gnu",
            "lib64",
        ),
        &[0x1103, 0x1203],
        PLAIN,
    ),
    row(
        header::EM_MIPS,
        (Bits64, Some(Little), ANY),
        (
            "/lib64/ld.so.1",
            "mips64el",
            "mips64el-linux-gnuabi64",
            "lib64",
        ),
        &[],
        PLAIN,
    ),
    row(
        header::EM_MIPS,
        (Bits32, Some(Little), ANY),
        ("/lib/ld.so.1", "mipsel", "mipsel-linux-gnu", "lib"),
        &[],
        PLAIN,
    ),
];

/// A processor that the table does not have.
static UNKNOWN: Arch = row(
    header::EM_NONE,
    (Bits64, None, ANY),
    ("", "", "", "lib64"),
    &[],
    PLAIN,
);

impl Target {
    pub fn of(object: &Object) -> Self {
        Self {
            class: object.class,
            order: object.order,
            machine: object.machine,
            flags: object.flags,
        }
    }

    pub fn arch(&self) -> &'static Arch {
        ARCHES
            .iter()
            .find(|arch| {
                arch.machine == self.machine
                    && arch.class == self.class
                    && arch.order.is_none_or(|order| order == self.order)
                    && self.flags & arch.flags.0 == arch.flags.1
            })
            .unwrap_or(&UNKNOWN)
    }

    /// What glibc's loader makes of a found library, in the order of its own checks.
    pub fn judge(&self, object: &Object) -> Verdict {
        if object.class != self.class {
            return Verdict::Skip;
        }
        if object.order != self.order {
            return Verdict::Refuse("its bytes are in another order");
        }
        let arm = self.machine == header::EM_ARM;
        match (object.os_abi, object.abi_version) {
            (0 | 3, 0) => {}
            // Versions of the GNU ABI that later loaders know; which ones is not worth a table.
            (3, 1..=8) => {}
            _ if arm => {}
            _ => return Verdict::Refuse("it is made for another system"),
        }
        if object.machine != self.machine || self.other_abi(object.flags) {
            return Verdict::Skip;
        }
        match object.e_type {
            header::ET_DYN if object.pie => Verdict::Refuse("it is an executable"),
            header::ET_DYN => Verdict::Fits,
            header::ET_EXEC => Verdict::Refuse("it is an executable"),
            _ => Verdict::Refuse("it is neither an executable nor a library"),
        }
    }

    /// Whether the flags tell of calling conventions that do not go together.
    fn other_abi(&self, flags: u32) -> bool {
        let float = EF_ARM_HARD | EF_ARM_SOFT;
        let differ = |mask: u32| {
            self.flags & mask != 0 && flags & mask != 0 && self.flags & mask != flags & mask
        };
        match self.machine {
            header::EM_ARM => differ(float),
            header::EM_PPC64 => differ(EF_PPC64_ABI),
            _ => false,
        }
    }
}

/// What stands for an object that is none.
pub(super) const NO_TARGET: Target = Target {
    class: Bits64,
    order: Little,
    machine: header::EM_NONE,
    flags: 0,
};

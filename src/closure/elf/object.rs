//! What a loader looks at in one ELF file, read from its program headers, never its sections: the
//! loader does the same, and a stripped file may have no sections.

use std::ops::Range;

use goblin::container::{Container, Ctx};
use goblin::elf::Elf;
use goblin::elf::dynamic::{self, Dyn, Dynamic};
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::{self, ProgramHeader};

use super::error::{ElfError, Part};
use super::note::{self, DlopenNote};
use super::reader::{Load, Reader, locate};
use super::{Files, Kind, NodeId};

/// Entries of a dynamic section that are read; real ones have some dozen.
const MAX_DYNAMIC: usize = 64 * 1024;

/// Bytes of all strings of one object; a limit for memory.
const MAX_STRINGS: usize = 1 << 20;

/// Bytes of one note segment, and of an interpreter's path.
const MAX_NOTES: u64 = 1 << 20;
const MAX_INTERPRETER: u64 = 4096;

/// The width of an object's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 32 bits.
    Bits32,
    /// 64 bits.
    Bits64,
}

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl Order {
    /// Splits a 32-bit number off the start of `bytes`; `None` when they are too few.
    pub(super) fn split_u32(self, bytes: &[u8]) -> Option<(u32, &[u8])> {
        let (number, rest) = bytes.split_first_chunk::<4>()?;
        let number = match self {
            Self::Little => u32::from_le_bytes(*number),
            Self::Big => u32::from_be_bytes(*number),
        };
        Some((number, rest))
    }
}

/// How an object asks for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// `DT_NEEDED`.
    Needed,
    /// `DT_FILTER`: its symbols come before the object's own; it has to be there.
    Filter,
    /// `DT_AUXILIARY`: as a filter, but it may be missing.
    Auxiliary,
}

/// A request of an object for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The kind of the request.
    pub link: Link,
    /// The name, as it is in the file: placeholders such as `$ORIGIN` are not expanded.
    pub name: Vec<u8>,
}

/// What a loader looks at in an ELF file. Numbers are those of the ELF header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The width of addresses.
    pub class: Class,
    /// The order of bytes.
    pub order: Order,
    /// The processor (`e_machine`).
    pub machine: u16,
    /// Flags of the processor (`e_flags`).
    pub flags: u32,
    /// `EI_OSABI`.
    pub os_abi: u8,
    /// `EI_ABIVERSION`.
    pub abi_version: u8,
    /// `e_type`: 2 for an executable at a fixed address, 3 for a shared object.
    pub e_type: u16,
    /// The path of the program that loads this one (`PT_INTERP`), without its NUL.
    pub interpreter: Option<Vec<u8>>,
    /// The objects that this one asks for, in the order of the dynamic section.
    pub dependencies: Vec<Dependency>,
    /// `DT_SONAME`.
    pub soname: Option<Vec<u8>>,
    /// `DT_RPATH`, not expanded.
    pub rpath: Option<Vec<u8>>,
    /// `DT_RUNPATH`, not expanded.
    pub runpath: Option<Vec<u8>>,
    /// `DF_1_NODEFLIB`: the default directories are not for this object's dependencies.
    pub nodeflib: bool,
    /// `DF_1_PIE`: the linker made it as an executable.
    pub pie: bool,
    /// Whether there is a dynamic section.
    pub dynamic: bool,
    /// What `.note.dlopen` says.
    pub dlopen: Vec<DlopenNote>,
    /// Where the names of symbols stand in the file, as far as `DT_STRSZ` can be
    /// believed.
    pub symbol_names: Option<Range<u64>>,
    pub(super) loads: Vec<Load>,
}

impl Object {
    /// Reads what is needed of `node`; `None` when it is no regular file or no ELF file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is cut off, malformed or has parts larger than any real one.
    pub fn parse<F: Files + ?Sized>(files: &F, node: NodeId) -> Result<Option<Self>, ElfError> {
        if files.kind(node) != Kind::File || files.size(node) < 4 {
            return Ok(None);
        }
        let mut reader = Reader::new(files, node);
        if reader.some(Part::Header, 0, 4)? != header::ELFMAG {
            return Ok(None);
        }
        let is_64 = reader.exact(Part::Header, 0, 5)?.last() == Some(&header::ELFCLASS64);
        let size = if is_64 {
            header::header64::SIZEOF_EHDR
        } else {
            header::header32::SIZEOF_EHDR
        };
        let bytes = reader.exact(Part::Header, 0, size)?;
        let abi_version = bytes
            .get(header::EI_ABIVERSION)
            .copied()
            .unwrap_or_default();
        let header = Elf::parse_header(bytes)
            .map_err(|error| ElfError::malformed(Part::Header, error.to_string()))?;
        let (class, order, ctx) = kind_of(&header)?;
        let program_headers = program_headers(&mut reader, &header, ctx)?;
        let loads = program_headers
            .iter()
            .filter(|segment| segment.p_type == program_header::PT_LOAD && segment.p_filesz > 0)
            .map(|segment| Load {
                offset: segment.p_offset,
                size: segment.p_filesz,
                address: segment.p_vaddr,
                writable: segment.p_flags & program_header::PF_W != 0,
            })
            .collect();
        let mut object = Self {
            class,
            order,
            machine: header.e_machine,
            flags: header.e_flags,
            os_abi: header
                .e_ident
                .get(header::EI_OSABI)
                .copied()
                .unwrap_or_default(),
            abi_version,
            e_type: header.e_type,
            interpreter: None,
            dependencies: Vec::new(),
            soname: None,
            rpath: None,
            runpath: None,
            nodeflib: false,
            pie: false,
            dynamic: false,
            dlopen: Vec::new(),
            symbol_names: None,
            loads,
        };
        for segment in &program_headers {
            match segment.p_type {
                program_header::PT_INTERP if object.interpreter.is_none() => {
                    object.interpreter = Some(interpreter(&mut reader, segment)?);
                }
                program_header::PT_DYNAMIC if segment.p_filesz > 0 && !object.dynamic => {
                    let entries = entries(&mut reader, &object.loads, segment, ctx)?;
                    object.dynamic = true;
                    object.take(&mut reader, &entries)?;
                }
                program_header::PT_NOTE => {
                    let len = usize::try_from(segment.p_filesz.min(MAX_NOTES)).unwrap_or_default();
                    let bytes = reader.exact(Part::Notes, segment.p_offset, len)?;
                    note::parse(bytes, order, segment.p_align, &mut object.dlopen);
                }
                _ => {}
            }
        }
        Ok(Some(object))
    }

    /// The names of `DT_NEEDED`, in order.
    pub fn needed(&self) -> impl Iterator<Item = &[u8]> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.link == Link::Needed)
            .map(|dependency| dependency.name.as_slice())
    }

    /// Whether it is an executable that no loader touches.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none()
            && (self.e_type == header::ET_EXEC || self.pie || !self.dynamic)
            && self.dependencies.is_empty()
    }

    /// Takes from the dynamic section's entries what a loader needs.
    fn take<F: Files + ?Sized>(
        &mut self,
        reader: &mut Reader<'_, F>,
        entries: &[Dyn],
    ) -> Result<(), ElfError> {
        let last = |tag| {
            entries
                .iter()
                .rev()
                .find(|entry| entry.d_tag == tag)
                .map(|e| e.d_val)
        };
        let flags = last(dynamic::DT_FLAGS_1).unwrap_or_default();
        self.nodeflib = flags & dynamic::DF_1_NODEFLIB != 0;
        self.pie = flags & dynamic::DF_1_PIE != 0;
        let table = last(dynamic::DT_STRTAB);
        self.symbol_names = table
            .and_then(|address| offset(&self.loads, address))
            .zip(last(dynamic::DT_STRSZ))
            .map(|(start, size)| start..start.saturating_add(size));
        let mut total = 0_usize;
        // The table's size (DT_STRSZ) is not looked at, as the loaders do not either.
        let mut string = |value: u64| {
            let missing = || ElfError::malformed(Part::Dynamic, "no string table");
            let address = table
                .ok_or_else(missing)?
                .checked_add(value)
                .ok_or_else(|| {
                    ElfError::malformed(Part::StringTable, "a string's address is out of range")
                })?;
            let string = reader.string(&self.loads, address)?;
            total = total.saturating_add(string.len());
            let limit = MAX_STRINGS as u64;
            if total > MAX_STRINGS {
                return Err(ElfError::TooLarge {
                    part: Part::StringTable,
                    limit,
                });
            }
            Ok(string)
        };
        self.soname = last(dynamic::DT_SONAME).map(&mut string).transpose()?;
        self.rpath = last(dynamic::DT_RPATH).map(&mut string).transpose()?;
        self.runpath = last(dynamic::DT_RUNPATH).map(&mut string).transpose()?;
        for entry in entries {
            let link = match entry.d_tag {
                dynamic::DT_NEEDED => Link::Needed,
                DT_FILTER => Link::Filter,
                DT_AUXILIARY => Link::Auxiliary,
                _ => continue,
            };
            self.dependencies.push(Dependency {
                link,
                name: string(entry.d_val)?,
            });
        }
        Ok(())
    }
}

/// Where an address is in the file.
fn offset(loads: &[Load], address: u64) -> Option<u64> {
    loads.iter().find_map(|load| {
        let inside = address.checked_sub(load.address)?;
        (inside < load.size).then(|| load.offset.checked_add(inside))?
    })
}

/// Tags that goblin has no names for.
const DT_AUXILIARY: u64 = 0x7fff_fffd;
const DT_FILTER: u64 = 0x7fff_ffff;

fn kind_of(header: &Header) -> Result<(Class, Order, Ctx), ElfError> {
    let wrong = |error: goblin::error::Error| ElfError::malformed(Part::Header, error.to_string());
    let container = header.container().map_err(wrong)?;
    let endian = header.endianness().map_err(wrong)?;
    let class = match container {
        Container::Little => Class::Bits32,
        Container::Big => Class::Bits64,
    };
    let order = if endian.is_little() {
        Order::Little
    } else {
        Order::Big
    };
    Ok((class, order, Ctx::new(container, endian)))
}

fn program_headers<F: Files + ?Sized>(
    reader: &mut Reader<'_, F>,
    header: &Header,
    ctx: Ctx,
) -> Result<Vec<ProgramHeader>, ElfError> {
    let part = Part::ProgramHeaders;
    if header.e_phnum == 0 {
        return Ok(Vec::new());
    }
    let size = ProgramHeader::size(ctx);
    if usize::from(header.e_phentsize) != size {
        return Err(ElfError::malformed(part, "entries of an unknown size"));
    }
    let count = usize::from(header.e_phnum);
    let len = count
        .checked_mul(size)
        .ok_or_else(|| ElfError::malformed(part, "too many"))?;
    let bytes = reader.exact(part, header.e_phoff, len)?;
    ProgramHeader::parse(bytes, 0, count, ctx)
        .map_err(|error| ElfError::malformed(part, error.to_string()))
}

fn interpreter<F: Files + ?Sized>(
    reader: &mut Reader<'_, F>,
    segment: &ProgramHeader,
) -> Result<Vec<u8>, ElfError> {
    let part = Part::Interpreter;
    if segment.p_filesz > MAX_INTERPRETER {
        return Err(ElfError::TooLarge {
            part,
            limit: MAX_INTERPRETER,
        });
    }
    let len = usize::try_from(segment.p_filesz).unwrap_or_default();
    let bytes = reader.exact(part, segment.p_offset, len)?;
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    Ok(bytes.get(..end).unwrap_or_default().to_vec())
}

/// The dynamic section up to its end mark. It is taken from memory's address, as loaders do, and
/// from the place in the file only when no segment has the address.
fn entries<F: Files + ?Sized>(
    reader: &mut Reader<'_, F>,
    loads: &[Load],
    segment: &ProgramHeader,
    ctx: Ctx,
) -> Result<Vec<Dyn>, ElfError> {
    let part = Part::Dynamic;
    let limit = MAX_DYNAMIC as u64;
    let entry = if ctx.is_big() { 16 } else { 8 };
    let len = usize::try_from(segment.p_filesz).unwrap_or(usize::MAX);
    let len = len.min(MAX_DYNAMIC.saturating_mul(entry));
    let offset = locate(loads, segment.p_vaddr).map_or(segment.p_offset, |(offset, _)| offset);
    let bytes = reader.exact(part, offset, len)?;
    let here = ProgramHeader {
        p_offset: 0,
        p_filesz: len as u64,
        ..segment.clone()
    };
    let parsed = Dynamic::parse(bytes, std::slice::from_ref(&here), ctx)
        .map_err(|error| ElfError::malformed(part, error.to_string()))?;
    let entries = parsed.map(|parsed| parsed.dyns).unwrap_or_default();
    let ended = entries
        .last()
        .is_some_and(|last| last.d_tag == dynamic::DT_NULL);
    if !ended && entries.len() >= MAX_DYNAMIC {
        return Err(ElfError::TooLarge { part, limit });
    }
    Ok(entries)
}

//! Programs for musl whose libraries lie in unusual places, in the words of
//! [`super::made`].

pub const ANYWHERE: &str = r"
# RPATH and RUNPATH are both inherited.
lib 1/lib/libb.so
lib 1/lib/liba.so needs=libb.so
main 1/rpath needs=liba.so rpath=@/1/lib
main 1/runpath needs=liba.so runpath=@/1/lib
lib 1/own/libb.so
lib 1/two/libb.so
lib 1/two/liba.so needs=libb.so runpath=@/1/own
main 1/two/main needs=liba.so runpath=@/1/two

# $ORIGIN, for which other placeholders void the whole path.
lib 2/real/lib/liba.so
main 2/real/bin/main needs=liba.so runpath=$ORIGIN/../lib
lib 2/y/sub/libb.so
lib 2/y/liba.so needs=libb.so runpath=${ORIGIN}/sub
lib 2/x/sub/libb.so
link 2/x/liba.so ../y/liba.so
main 2/linked needs=liba.so runpath=@/2/x
main 2/library needs=liba.so runpath=/$LIB:@/1/lib
main 2/longer needs=liba.so runpath=$ORIGINx:@/1/lib

# No directories for processors.
lib 3/glibc-hwcaps/x86-64-v2/liba.so
lib 3/liba.so
main 3/main needs=liba.so runpath=@/3

# A loaded object goes by the name that it was asked for.
lib 4/a/libx.so.1
lib 4/b/libx.so.1
lib 4/liba.so needs=libx.so.1 runpath=@/4/b
main 4/first needs=libx.so.1 needs=liba.so runpath=@/4/a:@/4
lib 4/c/liby.so soname=libx.so.1
main 4/other-name needs=liby.so needs=liba.so runpath=@/4/c:@/4
link 4/d/liby.so ../a/libx.so.1
main 4/one-file needs=liby.so needs=libx.so.1 runpath=@/4/d:@/4/b

# Names with slashes, which are not remembered.
lib 5/libs.so
main 5/path needs=@/5/libs.so
main 5/relative needs=%/5/libs.so
lib 5/libx.so.1 soname=@/5/libx.so.1
lib 5/n/libx.so.1
main 5/both needs=@/5/libx.so.1 needs=libx.so.1 runpath=@/5/n
main 5/same needs=@/5/libx.so.1 needs=libx.so.1 runpath=@/5

# Names that mean musl itself.
main 6/itself needs=libc.musl-x86_64.so.1 needs=libm.so.6 needs=libpthread.so.0 needs=libdl.so.2
lib 6/liba.so needs=libc.musl-x86_64.so.1
main 6/library needs=liba.so runpath=@/6

# Nothing, empty elements, another width, no library at all.
main 7/absent needs=libnone.so
main 7/empty needs=libnone.so runpath=@/nowhere:
lib32 7/32/liba.so
main 7/width needs=liba.so runpath=@/7/32:@/1/lib
text 7/text/liba.so x
main 7/text/main needs=liba.so runpath=@/7/text:@/1/lib

# No filters. By the environment.
lib 9/libaux.so auxiliary=libd.so
lib 9/libf.so filter=libd.so
main 9/main needs=libaux.so needs=libf.so runpath=@/9
main 9/by-environment needs=libb.so
lib 9/libpre.so needs=libb.so
";

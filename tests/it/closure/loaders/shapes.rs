//! Programs for glibc whose libraries lie in unusual places, in the words of
//! [`super::made`].

/// For any directory, `@`, of the machine itself.
pub const ANYWHERE: &str = r"
# RPATH is inherited, RUNPATH is not, and RUNPATH of who asks hides RPATH of the others.
lib 1/lib/libb.so
lib 1/lib/liba.so needs=libb.so
main 1/rpath needs=liba.so rpath=@/1/lib
main 1/runpath needs=liba.so runpath=@/1/lib
lib 1/hidden/liba.so needs=libb.so runpath=@/1/other
lib 1/hidden/libb.so
main 1/hides needs=liba.so rpath=@/1/hidden
# The chain passes over an object with RUNPATH.
lib 1/chain/libd.so
lib 1/chain/b/libb.so needs=libd.so
lib 1/chain/liba.so needs=libb.so runpath=@/1/chain/b
main 1/chain/main needs=liba.so rpath=@/1/chain
lib 1/from/d/libd.so
lib 1/from/d/libb.so needs=libd.so
lib 1/from/lib/liba.so needs=libb.so rpath=@/1/from/d
main 1/from/main needs=liba.so runpath=@/1/from/lib

# $ORIGIN of the program is where it really is, that of a library the directory it was found by.
lib 2/real/lib/liba.so
main 2/real/bin/main needs=liba.so runpath=$ORIGIN/../lib
link 2/link/bin ../real/bin
lib 2/link/lib/liba.so
lib 2/y/sub/libb.so
lib 2/y/liba.so needs=libb.so runpath=$ORIGIN/sub
lib 2/x/sub/libb.so
link 2/x/liba.so ../y/liba.so
main 2/linked needs=liba.so runpath=@/2/x
link 2/z y
main 2/slash needs=liba.so runpath=@/2/z/
main 2/dots needs=liba.so runpath=@/2/x/../z//
# Other placeholders, in braces or with more behind them.
lib 2/odd/liba.so
lib 2/oddx/liba.so
main 2/odd/braces needs=liba.so runpath=${ORIGIN}
main 2/odd/longer needs=liba.so runpath=$ORIGINx
main 2/middle needs=liba.so runpath=a${ORIGIN}/odd:@/2/odd
lib 2/$FOO/liba.so
main 2/unknown needs=liba.so runpath=@/2/$FOO
lib 2/lib/x86_64-linux-gnu/libb.so
lib 2/lib64/libb.so
main 2/lib-name needs=libb.so runpath=@/2/$LIB
lib 2/x86_64/libd.so
lib 2/haswell/libd.so
main 2/platform needs=libd.so runpath=@/2/${PLATFORM}

# Directories for processors: found by RUNPATH and by LD_LIBRARY_PATH, or only there.
lib 3/libh.so
lib 3/glibc-hwcaps/x86-64-v2/libh.so
lib 3/glibc-hwcaps/x86-64-v3/libh.so
lib 3/glibc-hwcaps/x86-64-v4/libh.so
lib 3/glibc-hwcaps/power9/libh.so
lib 3/tls/libh.so
lib 3/haswell/libh.so
lib 3/tls/haswell/avx512_1/x86_64/libh.so
main 3/main needs=libh.so runpath=@/3
main 3/by-environment needs=libh.so
lib 3/only/glibc-hwcaps/x86-64-v2/libh.so needs=libd.so runpath=$ORIGIN
lib 3/only/glibc-hwcaps/x86-64-v2/libd.so
main 3/only/main needs=libh.so runpath=@/3/only

# Two files of one soname: the first that is loaded counts for later askers.
lib 4/a/libx.so.1
lib 4/b/libx.so.1
lib 4/liba.so needs=libx.so.1 runpath=@/4/b
main 4/first needs=libx.so.1 needs=liba.so runpath=@/4/a:@/4
main 4/second needs=liba.so needs=libx.so.1 runpath=@/4/a:@/4
lib 4/c/liby.so soname=libx.so.1
main 4/other-name needs=liby.so needs=liba.so runpath=@/4/c:@/4
link 4/d/liby.so ../a/libx.so.1
main 4/one-file needs=liby.so needs=libx.so.1 runpath=@/4/d:@/4/b

# Names with slashes are paths; relative ones start at the working directory, the root.
lib 5/libs.so
main 5/path needs=@/5/libs.so
main 5/relative needs=%/5/libs.so
main 5/gone needs=@/5/gone.so
main 5/origin needs=$ORIGIN/libs.so
main 5/relative-directory needs=libs.so runpath=%/5

# Nothing at all, loops, no last directories, one file of two names.
main 6/absent needs=libnone.so
lib 6/libb.so needs=liba.so runpath=@/6
lib 6/liba.so needs=libb.so runpath=@/6
main 6/loop needs=liba.so runpath=@/6
main 6/nodeflib -Wl,-z,nodefaultlib
link 6/libd.so liba.so
main 6/twice needs=liba.so needs=libd.so runpath=@/6

# The search passes what is for other machines.
lib32 7/32/liba.so
lib 7/64/liba.so
main 7/width needs=liba.so runpath=@/7/32:@/7/64
main 7/width-only needs=liba.so runpath=@/7/32
patch 7/64/liba.so 7/arm/liba.so 18 183
main 7/machine needs=liba.so runpath=@/7/arm:@/7/64

# It ends at a file that is no library at all.
text 8/text/liba.so INPUT(liba.so)
main 8/text/main needs=liba.so runpath=@/8/text:@/7/64
text 8/empty/liba.so
main 8/empty/main needs=liba.so runpath=@/8/empty:@/7/64
cut 7/64/liba.so 8/short/liba.so 40
main 8/short/main needs=liba.so runpath=@/8/short:@/7/64
patch 7/64/liba.so 8/order/liba.so 5 2
main 8/order/main needs=liba.so runpath=@/8/order:@/7/64
patch 7/64/liba.so 8/system/liba.so 7 9
main 8/system/main needs=liba.so runpath=@/8/system:@/7/64
dir 8/dir/liba.so
main 8/dir/main needs=liba.so runpath=@/8/dir:@/7/64
main 8/pie/liba.so -pie
main 8/pie/main needs=liba.so runpath=@/8/pie:@/7/64

# Filters are loaded, auxiliary ones may be missing.
lib 9/libb.so
lib 9/libd.so
lib 9/libf.so filter=libb.so runpath=@/9
lib 9/libaux.so auxiliary=libd.so auxiliary=libnone.so runpath=@/9
lib 9/libg.so filter=libnone.so
main 9/main needs=libf.so needs=libaux.so runpath=@/9
main 9/gone needs=libg.so runpath=@/9
lib 9/libpre.so needs=libb.so
";

/// For a root of their own, whose `ld.so.cache` is written before what is below
/// [`AFTER_CACHE`] happens.
pub const WITH_CACHE: &str = r"
text etc/ld.so.conf /c/lib
lib c/lib/libh.so
lib c/lib/glibc-hwcaps/x86-64-v2/libh.so
lib c/lib/glibc-hwcaps/x86-64-v3/libh.so
main c/variants needs=libh.so
lib c/lib/libgone.so
main c/gone needs=libgone.so
lib c/lib/libmoved.so
main c/moved needs=libmoved.so
lib usr/lib/libplain.so
lib c/lib/libplain.so
main c/plain needs=libplain.so
main c/nodeflib needs=libplain.so -Wl,-z,nodefaultlib
lib c/run/libh.so
main c/runpath needs=libh.so runpath=/c/run
lib c/lib/libpre.so
";

/// The cache then names files that are gone, and does not name new ones.
pub const AFTER_CACHE: &str = r"
remove c/lib/libgone.so
remove c/lib/libmoved.so
lib usr/lib/libmoved.so
lib c/lib/libnew.so
main c/new needs=libnew.so
text etc/ld.so.preload libpre.so
";

//! Threads that work on blocks; the results come back in the order of the blocks.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// What the threads do with each block. It keeps nothing from one block to the
/// next: which blocks a thread gets is chance.
type Work<T> = Arc<dyn Fn(T) -> io::Result<T> + Send + Sync>;

/// A block, and where its result is waited for.
struct Task<T> {
    block: T,
    reply: Sender<io::Result<T>>,
}

/// Up to `jobs` threads. They start as blocks arrive, so that a short input
/// starts few, and are stopped and joined when the pool is dropped.
pub(super) struct Pool<T> {
    jobs: usize,
    work: Work<T>,
    /// Nothing once the threads are to end.
    queue: Option<Sender<Task<T>>>,
    tasks: Arc<Mutex<Receiver<Task<T>>>>,
    /// Tells the threads to drop the blocks that are still queued.
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// Results to come, oldest block first.
    pending: VecDeque<Receiver<io::Result<T>>>,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool without threads yet.
    pub(super) fn new(
        jobs: usize,
        work: impl Fn(T) -> io::Result<T> + Send + Sync + 'static,
    ) -> Self {
        let (queue, tasks) = mpsc::channel();
        Pool {
            jobs: jobs.max(1),
            work: Arc::new(work),
            queue: Some(queue),
            tasks: Arc::new(Mutex::new(tasks)),
            stopped: Arc::default(),
            threads: Vec::new(),
            pending: VecDeque::new(),
        }
    }

    /// Queues a block; never waits. The caller bounds how many are in flight.
    pub(super) fn submit(&mut self, block: T) -> io::Result<()> {
        if self.threads.len() < self.jobs
            && let Err(error) = self.spawn()
            && self.threads.is_empty()
        {
            return Err(error);
        }
        let (reply, result) = mpsc::channel();
        let sent = match &self.queue {
            Some(queue) => queue.send(Task { block, reply }).is_ok(),
            None => false,
        };
        if !sent {
            return Err(gone());
        }
        self.pending.push_back(result);
        Ok(())
    }

    /// How many blocks were queued and not taken back yet.
    pub(super) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Waits for the oldest block; nothing when none is in flight.
    pub(super) fn wait(&mut self) -> Option<io::Result<T>> {
        let result = self.pending.pop_front()?;
        Some(result.recv().unwrap_or_else(|_| Err(gone())))
    }

    /// The oldest block if it is ready.
    pub(super) fn take_ready(&mut self) -> Option<io::Result<T>> {
        let result = match self.pending.front()?.try_recv() {
            Ok(result) => result,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(gone()),
        };
        self.pending.pop_front();
        Some(result)
    }

    fn spawn(&mut self) -> io::Result<()> {
        let work = Arc::clone(&self.work);
        let tasks = Arc::clone(&self.tasks);
        let stopped = Arc::clone(&self.stopped);
        let thread = thread::Builder::new()
            .name("compress".to_owned())
            .spawn(move || run(&*work, &tasks, &stopped))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.queue = None;
        for thread in self.threads.drain(..) {
            // Panics are caught in the thread; nothing is left to report.
            let _ = thread.join();
        }
    }
}

/// One thread: takes blocks until the queue is closed. It outlives a panic in
/// its work: were all threads dead, whoever waits for a block would wait forever.
fn run<T>(
    work: &(dyn Fn(T) -> io::Result<T> + Send + Sync),
    tasks: &Mutex<Receiver<Task<T>>>,
    stopped: &AtomicBool,
) {
    loop {
        // The lock is held while waiting: one thread waits for a block, the
        // others wait for the lock.
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Task { block, reply }) = next else {
            return;
        };
        if stopped.load(Ordering::Relaxed) {
            continue;
        }
        let result = panic::catch_unwind(AssertUnwindSafe(|| work(block)))
            .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        // Nobody waits when the pool is being dropped.
        let _ = reply.send(result);
    }
}

fn panicked(panic: &(dyn Any + Send)) -> io::Error {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    io::Error::other(format!("a compression thread panicked: {words}"))
}

fn gone() -> io::Error {
    io::Error::other("the compression threads are gone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn pool(jobs: usize, work: fn(u64) -> io::Result<u64>) -> Pool<u64> {
        Pool::new(jobs, work)
    }

    #[test]
    fn results_come_in_the_order_of_the_blocks() {
        let mut pool = pool(3, |n| {
            thread::sleep(Duration::from_millis(10 - n));
            Ok(n * n)
        });
        for n in 0..10 {
            pool.submit(n).unwrap();
        }
        assert_eq!(pool.in_flight(), 10);
        for n in 0..10 {
            assert_eq!(pool.wait().unwrap().unwrap(), n * n);
        }
        assert!(pool.wait().is_none());
        assert!(pool.take_ready().is_none());
    }

    #[test]
    fn a_panic_is_an_error_and_the_other_blocks_are_done() {
        for jobs in [1, 2] {
            let mut pool = pool(jobs, |n| {
                assert!(n % 2 == 1, "even {n}");
                Ok(n)
            });
            for n in 0..6 {
                pool.submit(n).unwrap();
            }
            for n in 0..6 {
                match pool.wait().unwrap() {
                    Ok(done) => assert_eq!((done, n % 2), (n, 1)),
                    Err(error) => assert_eq!(
                        error.to_string(),
                        format!("a compression thread panicked: even {n}")
                    ),
                }
            }
        }
    }

    #[test]
    fn no_more_threads_start_than_blocks_arrive() {
        let mut pool = pool(8, Ok);
        pool.submit(1).unwrap();
        assert_eq!(pool.threads.len(), 1);
        for n in 0..20 {
            pool.submit(n).unwrap();
        }
        assert_eq!(pool.threads.len(), 8);
    }

    #[test]
    fn a_dropped_pool_leaves_the_queued_blocks_undone() {
        let start = std::time::Instant::now();
        let mut pool = pool(1, |n| {
            thread::sleep(Duration::from_millis(50));
            Ok(n)
        });
        for n in 0..100 {
            pool.submit(n).unwrap();
        }
        drop(pool);
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_dropped_pool_has_no_threads_left() {
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        let mut pool = Pool::new(4, move |n: u64| {
            let _held = &inside;
            Ok(n)
        });
        for n in 0..4 {
            pool.submit(n).unwrap();
        }
        drop(pool);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

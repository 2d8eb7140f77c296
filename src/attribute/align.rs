//! The best order-preserving matching of two sequences, and how much better it
//! is than the next best one.

/// Cells of the table; more is nobody's build.
const CELL_LIMIT: usize = 1 << 20;

/// What leaving an item unmatched costs, and what pairs are worth.
pub struct Table<'a> {
    /// Cost of each step of history that is left out after the first pair. Those
    /// before it belong to the base image and cost nothing.
    pub steps: &'a [i32],
    /// Cost of each instruction that is left out.
    pub instructions: &'a [i32],
    /// Worth of each pair, row by row of steps; 0 if they do not fit.
    pub worth: &'a [i32],
}

/// The partner of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Index of the instruction.
    pub instruction: usize,
    /// How much worse everything gets if the step has another partner or none.
    pub margin: i32,
}

/// Whether sequences of these lengths are compared at all.
pub fn is_feasible(steps: usize, instructions: usize) -> bool {
    (steps + 1).saturating_mul(instructions + 1) <= CELL_LIMIT
}

struct Grid {
    width: usize,
    cells: Vec<i32>,
}

/// Less than every sum, and far enough from overflow.
const NEVER: i32 = i32::MIN / 4;

impl Grid {
    fn new(rows: usize, width: usize) -> Self {
        Grid {
            width,
            cells: vec![NEVER; rows * width],
        }
    }

    fn get(&self, row: usize, column: usize) -> i32 {
        let cell = self.cells.get(row * self.width + column);
        cell.copied().unwrap_or(NEVER)
    }

    fn raise(&mut self, row: usize, column: usize, value: i32) {
        if let Some(cell) = self.cells.get_mut(row * self.width + column) {
            *cell = value.max(*cell);
        }
    }
}

impl Table<'_> {
    fn step(&self, i: usize) -> i32 {
        self.steps.get(i).copied().unwrap_or(0)
    }

    fn instruction(&self, j: usize) -> i32 {
        self.instructions.get(j).copied().unwrap_or(0)
    }

    fn worth(&self, i: usize, j: usize) -> Option<i32> {
        let worth = self.worth.get(i * self.instructions.len() + j);
        worth.copied().filter(|&worth| worth > 0)
    }

    /// For each step the partner that all best matchings agree on. A step for
    /// which two partners, or one and none, are equally good gets none.
    pub fn solve(&self) -> Vec<Option<Pair>> {
        let (rows, columns) = (self.steps.len(), self.instructions.len());
        if !is_feasible(rows, columns) {
            return vec![None; rows];
        }
        // Before the first pair, only instructions left out cost anything.
        let mut waiting = vec![0];
        for j in 0..columns {
            waiting.push(waiting.last().copied().unwrap_or(0) - self.instruction(j));
        }
        let waiting = |j: usize| waiting.get(j).copied().unwrap_or(NEVER);
        let begun = self.up_to(&waiting);
        let (after, rest) = self.onwards();
        let best = rest.get(0, 0);
        let through = |i: usize, j: usize| {
            let before = begun.get(i, j).max(waiting(j));
            self.worth(i, j)
                .map(|worth| before + worth + after.get(i + 1, j + 1))
        };
        (0..rows)
            .map(|i| {
                let partner = (0..columns).find(|&j| through(i, j) == Some(best))?;
                let others = (0..columns).filter(|&j| j != partner);
                let others = others.filter_map(|j| through(i, j));
                let skipped = (0..=columns).map(|j| {
                    let begun = begun.get(i, j) - self.step(i) + after.get(i + 1, j);
                    begun.max(waiting(j) + rest.get(i + 1, j))
                });
                let next = others.chain(skipped).max().unwrap_or(NEVER);
                (next < best).then_some(Pair {
                    instruction: partner,
                    margin: best - next,
                })
            })
            .collect()
    }

    /// The best sum up to each cell with at least one pair.
    fn up_to(&self, waiting: &dyn Fn(usize) -> i32) -> Grid {
        let (rows, columns) = (self.steps.len(), self.instructions.len());
        let mut begun = Grid::new(rows + 1, columns + 1);
        for i in 0..=rows {
            for j in 0..=columns {
                let here = begun.get(i, j);
                if i < rows && here > NEVER {
                    begun.raise(i + 1, j, here - self.step(i));
                }
                if j < columns && here > NEVER {
                    begun.raise(i, j + 1, here - self.instruction(j));
                }
                if i < rows
                    && j < columns
                    && let Some(worth) = self.worth(i, j)
                {
                    begun.raise(i + 1, j + 1, here.max(waiting(j)) + worth);
                }
            }
        }
        begun
    }

    /// The best sum from each cell on, after the first pair and before it.
    fn onwards(&self) -> (Grid, Grid) {
        let (rows, columns) = (self.steps.len(), self.instructions.len());
        let mut after = Grid::new(rows + 1, columns + 1);
        let mut rest = Grid::new(rows + 1, columns + 1);
        after.raise(rows, columns, 0);
        rest.raise(rows, columns, 0);
        for i in (0..=rows).rev() {
            for j in (0..=columns).rev() {
                if i < rows {
                    after.raise(i, j, after.get(i + 1, j) - self.step(i));
                    rest.raise(i, j, rest.get(i + 1, j));
                }
                if j < columns {
                    after.raise(i, j, after.get(i, j + 1) - self.instruction(j));
                    rest.raise(i, j, rest.get(i, j + 1) - self.instruction(j));
                }
                if i < rows
                    && j < columns
                    && let Some(worth) = self.worth(i, j)
                {
                    let value = worth + after.get(i + 1, j + 1);
                    after.raise(i, j, value);
                    rest.raise(i, j, value);
                }
            }
        }
        (after, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(steps: &str, instructions: &str) -> Vec<Option<usize>> {
        let mut worth = Vec::new();
        for a in steps.chars() {
            worth.extend(instructions.chars().map(|b| 100 * i32::from(a == b)));
        }
        let table = Table {
            steps: &vec![40; steps.len()],
            instructions: &vec![40; instructions.len()],
            worth: &worth,
        };
        let solved = table.solve();
        solved
            .into_iter()
            .map(|pair| pair.map(|pair| pair.instruction))
            .collect()
    }

    #[test]
    fn the_upper_one_of_equal_runs_is_meant() {
        assert_eq!(solve("xabab", "ab"), [None, None, None, Some(0), Some(1)]);
    }

    #[test]
    fn what_fits_twice_is_not_guessed() {
        assert_eq!(solve("ab", "aab"), [None, Some(2)]);
        assert_eq!(solve("caab", "cab"), [Some(0), None, None, Some(2)]);
    }

    #[test]
    fn order_decides_among_equals() {
        assert_eq!(solve("xaa", "aa"), [None, Some(0), Some(1)]);
        assert_eq!(solve("xaba", "aba"), [None, Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn nothing_in_common_is_nothing() {
        assert_eq!(solve("xyz", "ab"), [None, None, None]);
        assert_eq!(solve("", "ab"), []);
        assert_eq!(solve("ab", ""), [None, None]);
    }
}

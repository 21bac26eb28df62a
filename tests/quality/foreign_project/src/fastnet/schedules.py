from torch.optim.lr_scheduler import LRScheduler


class Hyperbolic(LRScheduler):
    """A schedule of its own."""

    def get_lr(self):
        return [base / (1 + self.last_epoch) for base in self.base_lrs]

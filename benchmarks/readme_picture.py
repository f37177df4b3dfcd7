"""Make docs/scores.png, the picture of the README: ``python benchmarks/readme_picture.py``."""

from pathlib import Path

import numpy as np

import gantutor as gt

gt.setup()

normal = gt.data.two_moons(3000)
anomalies = np.array([[0.0, 1.6], [-1.7, -1.2], [1.8, 1.1], [0.0, 0.05], [-0.6, -1.3]])
side = np.linspace(-2.6, 2.6, 161, dtype=np.float32)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

detectors = {
    "plain GAN, seed 0": gt.detectors.GAN(random_state=0),
    "plain GAN, seed 1": gt.detectors.GAN(random_state=1),
    "critic's features, seed 0": gt.detectors.WGAN(random_state=0),
    "critic's features, seed 1": gt.detectors.WGAN(random_state=1),
}
fig, axes = gt.plotting.figure(1, 4, size=(11.5, 3.1), sharex=True, sharey=True)
for ax, (name, detector) in zip(axes[0], detectors.items(), strict=True):
    scores = detector.fit(normal).anomaly_score(grid)
    ranks = scores.argsort().argsort() / len(scores)  # each map uses all its colours
    limit = (scores <= detector.threshold_).mean()
    shape = len(side), len(side)
    colours = ax.contourf(
        side, side, ranks.reshape(shape), levels=np.linspace(0, 1, 21)
    )
    ax.contour(side, side, ranks.reshape(shape), levels=[limit], colors="white")
    ax.scatter(*normal[:300].T, s=3, color="white", label="normal")
    ax.scatter(*anomalies.T, s=45, marker="X", color="#D55E00", label="anomalies")
    ax.set(title=name)
    ax.grid(False)
axes[0, 0].plot([], [], color="white", label="threshold")
axes[0, 0].legend(loc="lower left", fontsize=7, facecolor="gray", labelcolor="white")
bar = fig.colorbar(colours, ax=axes, ticks=[0, 0.5, 1], pad=0.01)
bar.ax.set_yticklabels(["lowest", "middle", "highest"])
bar.set_label("anomaly score, by rank")
target = Path(__file__).parent.parent / "docs" / "scores.png"
target.parent.mkdir(exist_ok=True)
fig.savefig(target, dpi=90)

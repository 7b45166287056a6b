"""Writes net.onnx: a torch network as DQA reads it. Put your own network in the place of this one.

    python3 export.py net.onnx
"""
import sys

import torch


def network() -> torch.nn.Module:
    """Your trained network. This one is small and untrained: it shows the way, not a result."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, stride=2, padding=1), torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(16, 5),
    )


def main() -> None:
    net = network().eval()  # eval: BatchNorm and Dropout as in use
    example = torch.zeros(1, 1, 64, 64)  # one image: batch, channels, height, width
    torch.onnx.export(net, (example,), sys.argv[1], input_names=["input"], output_names=["output"], opset_version=17)


if __name__ == "__main__":
    main()

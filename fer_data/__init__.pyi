from .batches import Batch as Batch
from .batches import Loader as Loader
from .convert import Conversion as Conversion
from .convert import convert_csv as convert_csv
from .decode import PixelFormat as PixelFormat
from .door import open_loader as open_loader
from .errors import DataError as DataError
from .errors import FerError as FerError
from .errors import UsageError as UsageError
from .loaders.tfdata import from_loader as from_loader
from .loaders.tfdata import tf_dataset as tf_dataset
from .manifest import Manifest as Manifest
from .plan import EpochPlan as EpochPlan
from .plan import plan_epoch as plan_epoch
from .readers import read as read
from .sample_grid import draw_samples as draw_samples
from .split import hold_out as hold_out
from .split import stratified_subset as stratified_subset
from .stats import Stats as Stats
from .stats import compute_stats as compute_stats
from .store import PixelStore as PixelStore
from .store import open_store as open_store
from .strategy import Strategy as Strategy
from .synthetic_files import write_synthetic as write_synthetic
from .weights import class_weights as class_weights

__version__: str

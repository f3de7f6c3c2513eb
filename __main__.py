"""``python <this folder>``: how a MONAI application package is run."""

from app.cli import main

if __name__ == "__main__":
    main()

"""Every limit on what a document may cost. Sizes in bytes, times in seconds.

Chosen so that any document of an office fits. The worst file costs what the last block says, whatever it holds.
"""

MIB = 1024 * 1024

# What is fetched and what is given back
MAX_DOCUMENT_BYTES = 100 * MIB
MAX_TEXT_CHARACTERS = 1_000_000
MAX_TEXT_BYTES = (
    4 * MAX_TEXT_CHARACTERS
)  # of a text file, that much is looked at: UTF-8 and UTF-32 need up to 4 a character
MAX_WORDS_CHARACTERS = 500  # a title, an author, one fact
THUMBNAIL_SIDE_PIXELS = 512

# PDF
MAX_PDF_PAGES = 1_000  # whose text is read
PDF_TEXT_TIME_S = 8.0  # then the text is cut, so that the picture still fits into READ_TIME_S

# Images: what the decoded pixels take in memory, by the header, before anything is decoded
MAX_DECODED_BYTES = 200 * MIB

# ZIP archives, and office files, which are ZIP archives of XML. Archives inside archives are never opened.
MAX_DIRECTORY_BYTES = 4 * MIB  # of the list of members: some 50,000 members
MAX_LISTED_MEMBERS = 10_000
MAX_ARCHIVE_BYTES = 1024 * MIB  # more than this, and ...
MAX_ARCHIVE_RATIO = 200  # ... more than this many times its own size: a bomb
MAX_UNPACKED_BYTES = 128 * MIB  # of all the parts of one office file that are read
MAX_EMBEDDED_IMAGE_BYTES = 8 * MIB
MAX_XML_DEPTH = 250
MAX_REPEATS = 1_000  # of a cell, a row or a space that says it stands for many
MAX_COLUMNS = 16_384

# The child process
READ_TIME_S = 20.0
MEMORY_BYTES = 768 * MIB
MAX_REPLY_BYTES = 32 * MIB
